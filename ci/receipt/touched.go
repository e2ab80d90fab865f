package receipt

import (
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/footprint"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/report"
)

// sort sorts differences into those that the run reports, those made by others, and those
// that nobody explains. Changes by other runs count as theirs, unless the lock kept them
// away.
func (s Scope) sort(found []footprint.Difference, changes []report.Change, alone bool) (out report.Receipt) {
	for _, d := range found {
		touched := report.Touched{Namespace: d.Namespace, Kind: d.Kind, Name: d.Name, Action: report.Action(d.Action), By: append([]string{}, d.By...)}
		switch {
		case recorded(d, changes):
			out.Changed++
		case !alone && s.othersRun(d):
		case followsFrom(d, changes):
		case slices.ContainsFunc(d.By, notSlipway), d.Kind == "Job" && d.Action == write.Deleted:
			out.Others = append(out.Others, touched) // a Job may go by itself: ttlSecondsAfterFinished
		default:
			out.Unexpected = append(out.Unexpected, touched)
		}
	}
	return out
}

func notSlipway(manager string) bool { return manager != managed.FieldManager }

// othersRun reports whether another run made the change: anything in its beta, or in
// production what it has written or removed.
func (s Scope) othersRun(d footprint.Difference) bool {
	if d.Run == "" || d.Run == s.Run {
		return false
	}
	return d.Namespace == s.BuildNamespace || len(d.By) == 0 || slices.Contains(d.By, managed.FieldManager)
}

// recorded reports whether the object is among the changes that the run reports.
func recorded(d footprint.Difference, changes []report.Change) bool {
	return slices.ContainsFunc(changes, func(c report.Change) bool {
		return c.Namespace == d.Namespace && c.Kind == d.Kind && c.Name == d.Name && wrote(c.Action)
	})
}

func wrote(action report.Action) bool {
	return slices.Contains([]report.Action{report.Created, report.Configured, report.Deleted, report.Restored}, action)
}

var ordinalOfPod = regexp.MustCompile(`^\d+$`)

// followsFrom reports whether Kubernetes made the object because of one that the run
// wrote: a claim from a StatefulSet's volumeClaimTemplates, named TEMPLATE-SET-N.
func followsFrom(d footprint.Difference, changes []report.Change) bool {
	return d.Kind == "PersistentVolumeClaim" && slices.ContainsFunc(changes, func(c report.Change) bool {
		_, end, found := strings.Cut(d.Name, "-"+c.Name+"-")
		return c.Kind == "StatefulSet" && c.Namespace == d.Namespace && wrote(c.Action) && found && ordinalOfPod.MatchString(end)
	})
}
