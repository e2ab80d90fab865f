// Package journal keeps what a run tells while it is under way: notes for people, the objects that it heard of and the tests that
// ran, for the report, and where its time goes. It does not know what a stage does.
package journal

import (
	"context"
	"time"

	"github.com/slipway-cd/slipway/ci/report"
)

// Journal is that of one run. Its parts may be used by the stage under way alone.
type Journal struct {
	Printer report.Printer

	heard timeline      // of the stage under way
	ran   []report.Test // the same

	engine, waiting, evidence time.Duration // time spent there so far
}

// Note prints what the running stage is doing.
func (j *Journal) Note(stage, text string) { j.Printer.Note(stage, text) }

// Tell returns a function that prints the state of an object and keeps it for the report.
func (j *Journal) Tell(ctx context.Context, stage string) func(object, state string) {
	return func(object, state string) {
		j.Heard(ctx, object, state, time.Now())
		j.Note(stage, object+": "+state)
	}
}

// Heard keeps the state of an object, named as "Kind namespace/name", as of a time.
func (j *Journal) Heard(ctx context.Context, object, state string, at time.Time) {
	j.heard.heard(ctx, object, state, at)
}

// Ran keeps tests that ran.
func (j *Journal) Ran(tests ...report.Test) { j.ran = append(j.ran, tests...) }

// Take returns what was kept for the stage under way, and begins the next one. If the stage passed, all objects are ready.
func (j *Journal) Take(passed bool) (objects []report.Object, tests []report.Test) {
	tests, j.ran = j.ran, nil
	return j.heard.take(passed), tests
}

// EngineTime, WaitTime and EvidenceTime start to measure time spent in the engine, waiting or with evidence; the function that
// they return stops.
func (j *Journal) EngineTime() func()   { return spend(&j.engine) }
func (j *Journal) WaitTime() func()     { return spend(&j.waiting) }
func (j *Journal) EvidenceTime() func() { return spend(&j.evidence) }

func spend(total *time.Duration) func() {
	start := time.Now()
	return func() { *total += time.Since(start) }
}

// Spent returns the times measured so far.
func (j *Journal) Spent() (engine, waiting, evidence time.Duration) {
	return j.engine, j.waiting, j.evidence
}
