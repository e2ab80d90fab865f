package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/status"
)

// change tells who changes production, or waits to.
func (w statusWords) change() string {
	if w.Lock == nil {
		return "No run is changing " + cmp.Or(w.Environment, "production") + ".\n"
	}
	out := w.screen.Attention(fmt.Sprintf("Run %s has held the production lock for %s.", w.Lock.Name, w.age(w.Lock.Acquired))) + "\n"
	if w.Lock.Silent(w.Time) {
		out = w.screen.Bad(fmt.Sprintf("Run %s holds the production lock, but has sent no heartbeat for %s.", w.Lock.Name, w.age(w.Lock.Renewed))) + "\n" +
			hint(own("recover"), "finish or undo what it began")
	}
	for _, undo := range w.Undos {
		if undo.UnderWay {
			out += "  " + fromTo(undo) + ", begun " + w.age(undo.Time) + " ago\n"
		}
	}
	if len(w.Queue) > 0 {
		out += fmt.Sprintf("  %d waiting for it, run %s first\n", len(w.Queue), w.Queue[0].Name)
	}
	return out
}

// killed tells which killed runs left production changed.
func (w statusWords) killed() string {
	out := ""
	for _, undo := range w.Undos {
		if !undo.UnderWay {
			out += "  " + w.screen.Bad("run "+undo.Run+", "+fromTo(undo)+", "+w.age(undo.Time)+" ago") + "\n"
		}
	}
	return below("Killed while changing production, and not undone yet:\n"+hint(own("recover"), "put production back"), out)
}

// broken tells of records that cannot be read, and what to do about each.
func (w statusWords) broken() string {
	out := ""
	for _, b := range w.Broken {
		out += "  " + w.screen.Bad(b.String()) + "\n"
		if b.Record == "undo" {
			out += "  A run began to change production " + w.age(b.Made) + " ago; look at what it left, then:\n"
		}
		out += hint(b.Remove, "remove the record")
	}
	return below("Records that cannot be read:\n", out)
}

// below returns lines under a heading, and nothing if there are no lines.
func below(heading, lines string) string {
	if lines == "" {
		return ""
	}
	return heading + lines
}

func fromTo(undo status.Undoable) string {
	if undo.Back == "" {
		return "the first deploy, of " + undo.Version
	}
	return "from " + undo.Back + " to " + undo.Version
}

// inFlight tells which runs are in flight.
func (w statusWords) inFlight() string {
	out := ""
	for _, run := range w.Runs {
		if !slices.Contains(w.Stale, run.ID) {
			out += "  " + runName(run) + ", for " + w.age(run.Started) + "\n"
		}
	}
	return below("Runs in flight in "+w.BuildNamespace+":\n", out)
}

// stale tells which runs are dead and left something behind.
func (w statusWords) stale() string {
	out := ""
	for _, run := range w.Runs {
		if slices.Contains(w.Stale, run.ID) {
			out += "  " + w.screen.Bad(runName(run)+", last seen "+w.age(run.Seen)+" ago") + "\n"
		}
	}
	return below("Runs without a heartbeat in "+w.BuildNamespace+":\n"+hint(own("cleanup --stale"), "remove what they left"), out)
}

func runName(run runs.Run) string {
	return strings.TrimSuffix("run "+run.ID+" ("+run.Data["version"]+")", " ()")
}
