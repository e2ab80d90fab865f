package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// statusWords says what a status means, in paragraphs that are empty where there is
// nothing to say.
type statusWords struct {
	pipeline.Status
	screen report.Screen
	now    time.Time
}

// production tells what users get, and whether they do.
func (w statusWords) production() string {
	switch {
	case len(w.MadeBy) > 0:
		return w.others()
	case len(w.Releases) == 0 && len(w.Running) == 0:
		return "Nothing is released in " + w.Namespace + " yet.\n" + hint("go run ./ci", "build, test and deploy") + w.notKnown()
	}
	out := "No release is recorded in " + w.Namespace + ".\n" + w.notKnown()
	if len(w.Releases) > 0 {
		now := w.Releases[0]
		out = fmt.Sprintf("%s in %s, released %s ago by run %s.\n", w.screen.Heading("On version "+now.Version), w.Namespace, age(w.now, now.Time), now.Run)
	}
	return out + w.health()
}

func (w statusWords) health() string {
	wanted, ready, ill := 0, 0, ""
	for _, workload := range w.Running {
		wanted, ready = wanted+workload.Wanted, ready+workload.Ready()
		if !workload.Out() {
			ill += "  " + w.screen.Bad(illness(workload)) + "\n"
		}
	}
	switch {
	case len(w.Running) == 0:
		return w.screen.Bad("Nothing of it runs.") + "\n"
	case ill != "":
		return w.screen.Bad("Not healthy:") + "\n" + ill
	}
	return w.screen.Good(fmt.Sprintf("Healthy: %d of %d pods of its Deployments are ready.", ready, wanted)) + "\n" + w.strange()
}

// strange tells when what runs is not what was released.
func (w statusWords) strange() string {
	released := func(i rollout.ImagePods) bool { return strings.Contains(i.Image, w.Releases[0].Digest) }
	if len(w.Releases) == 0 || slices.ContainsFunc(w.Running, func(r rollout.Workload) bool { return slices.ContainsFunc(r.Images, released) }) {
		return ""
	}
	return w.screen.Attention("But no pod runs the image of that release, "+short(w.Releases[0].Digest)+".") + "\n"
}

func illness(workload rollout.Workload) string {
	out := fmt.Sprintf("%s: %d of %d pods are ready", workload.Name, workload.Ready(), workload.Wanted)
	if len(workload.Images) > 1 {
		out += fmt.Sprintf(", of %d images: its rollout is under way, or stuck", len(workload.Images))
	}
	return out
}

// change tells who changes production, or waits to.
func (w statusWords) change() string {
	if w.Lock == nil {
		return "Nobody changes production.\n"
	}
	out := w.screen.Attention(fmt.Sprintf("Run %s has the lock of production, for %s.", w.Lock.Name, age(w.now, w.Lock.Acquired))) + "\n"
	if w.Lock.Silent(w.now) {
		out = w.screen.Bad(fmt.Sprintf("Run %s has the lock of production and gave no sign of life for %s.", w.Lock.Name, age(w.now, w.Lock.Renewed))) + "\n" +
			hint("go run ./ci recover", "finish or undo what it began")
	}
	for _, undo := range w.Undos {
		if undo.UnderWay {
			out += "  " + fromTo(undo) + ", begun " + age(w.now, undo.Time) + " ago\n"
		}
	}
	if len(w.Queue) > 0 {
		out += fmt.Sprintf("  %d waiting for it, run %s first\n", len(w.Queue), w.Queue[0].Name)
	}
	return out
}

// left tells of production that a killed run left changed.
func (w statusWords) left() string {
	out := ""
	for _, undo := range w.Undos {
		if !undo.UnderWay {
			out += "  " + w.screen.Bad("run "+undo.Run+", "+fromTo(undo)+", "+age(w.now, undo.Time)+" ago") + "\n"
		}
	}
	if out == "" {
		return ""
	}
	return "Killed while it changed production, and not undone yet:\n" + hint("go run ./ci recover", "put production back") + out
}

// broken tells of records that cannot be read, and what to do about each.
func (w statusWords) broken() string {
	out := ""
	for _, b := range w.Broken {
		out += "  " + w.screen.Bad(b.String()) + "\n"
		if b.Record == "undo" {
			out += "  A run began to change production " + age(w.now, b.Made) + " ago; look at what it left, then:\n"
		}
		out += hint(b.Remove, "remove the record")
	}
	if out == "" {
		return ""
	}
	return "Records that cannot be read:\n" + out
}

func fromTo(undo pipeline.Undoable) string {
	if undo.Back == "" {
		return "the first deploy, of " + undo.Version
	}
	return "from " + undo.Back + " to " + undo.Version
}

// runs tells which runs are in flight.
func (w statusWords) runs() string {
	out := ""
	for _, run := range w.Runs {
		if !slices.Contains(w.Stale, run.ID) {
			out += "  " + runName(run) + ", for " + age(w.now, run.Started) + "\n"
		}
	}
	if out == "" {
		return ""
	}
	return "In flight in " + w.BuildNamespace + ":\n" + out
}

// stale tells which runs left something and do not live any more.
func (w statusWords) stale() string {
	out := ""
	for _, run := range w.Runs {
		if slices.Contains(w.Stale, run.ID) {
			out += "  " + w.screen.Bad(runName(run)+", last seen "+age(w.now, run.Seen)+" ago") + "\n"
		}
	}
	if out == "" {
		return ""
	}
	return "Without a sign of life in " + w.BuildNamespace + ":\n" + hint("go run ./ci cleanup --stale", "remove what they left") + out
}

func runName(run runs.Run) string {
	return strings.TrimSuffix("run "+run.ID+" ("+run.Data["version"]+")", " ()")
}

// hint is git's way to say what to do.
func hint(command, to string) string { return fmt.Sprintf("  (use %q to %s)\n", command, to) }
