package view

import (
	"fmt"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
)

// named is how many objects are named of each maker; --output json has all.
const named = 4

// others tells who made what a first deploy will find.
func (w statusWords) others() string {
	out := w.screen.Heading("Not deployed by slipway yet") + ", but " + w.Namespace + " has objects of the overlay already, made by\n" +
		madeBy(w.MadeBy) + hint("go run ./ci plan", "see what a deploy would change")
	if len(w.Running) > 0 {
		out += w.health()
	}
	return out
}

// notKnown tells that others may have made something there.
func (w statusWords) notKnown() string {
	if w.MadeByError == "" {
		return ""
	}
	return "Whether another tool has deployed there is not known: " + w.MadeByError + "\n"
}

// madeBy lists makers, each with what it made.
func madeBy(makers []apply.Maker) string {
	var out strings.Builder
	for _, m := range makers {
		objects := m.Objects[:min(named, len(m.Objects))]
		fmt.Fprintf(&out, "  %s: %s", m.Who, strings.Join(objects, ", "))
		if more := len(m.Objects) - len(objects); more > 0 {
			fmt.Fprintf(&out, " and %d more", more)
		}
		out.WriteString("\n")
	}
	return out.String()
}
