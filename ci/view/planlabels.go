package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/diff"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// relabelling is a change of labels that objects share: a new version changes one
// label on all of them, which is said once.
type relabelling struct {
	hunks string
	of    int      // objects
	alone []string // the headings of those of which nothing else changes
}

// relabelled reports whether labels are all that changes of an object.
func relabelled(change apply.Preview) bool {
	return change.Action == write.Configured && len(change.Hunks) == 0 && len(change.Labels) > 0 && change.Note == ""
}

func relabellings(plan pipeline.Plan, screen report.Screen) []*relabelling {
	var out []*relabelling
	for _, change := range plan.Changed() {
		if change.Action != write.Configured || len(change.Labels) == 0 {
			continue
		}
		hunks := changedLines(change.Labels, screen)
		at := slices.IndexFunc(out, func(r *relabelling) bool { return r.hunks == hunks })
		if at < 0 {
			at, out = len(out), append(out, &relabelling{hunks: hunks})
		}
		out[at].of++
		if relabelled(change) {
			out[at].alone = append(out[at].alone, screen.Heading(heading(change)))
		}
	}
	return out
}

func (r *relabelling) text(objects int, screen report.Screen) string {
	out := screen.Heading(fmt.Sprintf("labels of %d of %d objects", r.of, objects)) + "\n" + r.hunks
	if len(r.alone) > 0 {
		out += "of these nothing else changes:\n" + strings.Join(r.alone, "\n") + "\n"
	}
	return out
}

// changedLines are hunks without what stays.
func changedLines(hunks []diff.Hunk, screen report.Screen) string {
	out := ""
	for _, hunk := range hunks {
		out += place(hunk.Path, screen)
		for _, line := range hunk.Lines {
			if line.Sign != diff.Stays {
				out += signed(line, screen)
			}
		}
	}
	return out
}
