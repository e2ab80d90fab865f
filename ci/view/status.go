package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/status"
)

// statusWords says what a status means, in paragraphs that are empty where there is
// nothing to say.
type statusWords struct {
	status.Status
	screen report.Screen
}

// statusText returns the status for people: what matters most in words, and what to
// do about it, then tables.
func statusText(s status.Status, screen report.Screen) string {
	w := statusWords{s, screen}
	parts := []string{w.production(), w.evidence(), w.change(), w.killed(), w.broken(), w.inFlight(), w.stale(), w.tables()}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "\n")
}

// production tells which release is in production, and whether it is healthy.
func (w statusWords) production() string {
	switch {
	case len(w.MadeBy) > 0:
		return w.others()
	case len(w.Releases) == 0 && len(w.Running) == 0:
		return "Nothing is released in " + w.Namespace + " yet.\n" + hint(own(), "build, test and deploy") + w.notKnown()
	}
	out := "No release is recorded in " + w.Namespace + ".\n" + w.notKnown()
	if len(w.Releases) > 0 {
		now := w.Releases[0]
		out = fmt.Sprintf("%s in %s, released %s ago by run %s.\n", w.screen.Heading("On version "+now.Version), w.Namespace, w.age(now.Time), now.Run)
	}
	return out + w.health()
}

func (w statusWords) health() string {
	wanted, ready, bad := 0, 0, ""
	for _, workload := range w.Running {
		wanted, ready = wanted+workload.Wanted, ready+workload.Ready()
		if !workload.Out() {
			bad += "  " + w.screen.Bad(notReady(workload)) + "\n"
		}
	}
	switch {
	case len(w.Running) == 0:
		return w.screen.Bad("But none of its Deployments is there.") + "\n"
	case bad != "":
		return w.screen.Bad("Not healthy:") + "\n" + bad
	}
	return w.screen.Good(fmt.Sprintf("Healthy: %d of %d pods of its Deployments are ready.", ready, wanted)) + "\n" + w.otherImage()
}

// otherImage warns when no pod runs the image of the current release.
func (w statusWords) otherImage() string {
	released := func(i rollout.ImagePods) bool { return strings.Contains(i.Image, w.Releases[0].Digest) }
	if len(w.Releases) == 0 || slices.ContainsFunc(w.Running, func(r rollout.Workload) bool { return slices.ContainsFunc(r.Images, released) }) {
		return ""
	}
	return w.screen.Attention("But no pod runs the image of that release, "+short(w.Releases[0].Digest)+".") + "\n"
}

func notReady(workload rollout.Workload) string {
	out := fmt.Sprintf("%s: %d of %d pods are ready", workload.Name, workload.Ready(), workload.Wanted)
	if len(workload.Images) > 1 {
		out += fmt.Sprintf(", of %d images: its rollout is under way, or stuck", len(workload.Images))
	}
	return out
}

// others tells which other tools made objects that a first deploy will find.
func (w statusWords) others() string {
	out := w.screen.Heading("Not deployed by slipway yet") + ", but " + w.Namespace + " has objects of the overlay already, made by\n" +
		madeBy(w.MadeBy) + hint(own("plan"), "see what a deploy would change")
	if len(w.Running) > 0 {
		out += w.health()
	}
	return out
}

// evidence tells what is known of the image that was released.
func (w statusWords) evidence() string {
	if len(w.Releases) == 0 || w.Releases[0].Evidence == nil {
		return ""
	}
	var rows strings.Builder
	for _, fact := range w.Releases[0].Evidence.Facts() {
		fmt.Fprintf(&rows, "  %-10s  %s\n", fact.What, fact.Text)
	}
	return w.screen.Heading("Evidence of its image, as it was verified before the deploy") + "\n" + rows.String()
}

// notKnown tells why others cannot be found out.
func (w statusWords) notKnown() string {
	if w.MadeByError == "" {
		return ""
	}
	return "Cannot tell whether another tool has deployed there: " + w.MadeByError + "\n"
}
