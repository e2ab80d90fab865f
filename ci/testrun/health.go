package testrun

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
)

// healthTime is how long the health of an application may take to answer that is not
// tested otherwise.
const healthTime = 30 * time.Second

// askHealth stands in for suites that the application does not have. Without a way of
// its own to ask, the address was found by asking it for the same path already.
func (r Runner) askHealth(ctx context.Context, at Place) error {
	begun := time.Now()
	if at.Address == "" {
		r.Journal.Note(at.Stage, "no "+at.Stage+" tests are described, and there is no Service to ask")
		r.Passed(Outcome{Stage: at.Stage, Health: true, Started: begun})
		return nil
	}
	r.Journal.Note(at.Stage, "no "+at.Stage+" tests are described: ask "+at.Address+at.Health)
	asked := report.Test{Name: at.Health + " (no " + at.Stage + " tests are described)", Result: report.Passed, At: at.Address}
	if at.Ask != nil {
		defer r.Journal.WaitTime()()
		ctx, cancel := context.WithTimeoutCause(ctx, healthTime, exit.OutOfTime{What: "the time for " + at.Health, Limit: healthTime})
		defer cancel()
		err := at.Ask(ctx)
		asked.Seconds = report.Seconds(time.Since(begun))
		if interrupt := (exit.Interrupt{}); errors.As(context.Cause(ctx), &interrupt) {
			return context.Cause(ctx)
		}
		if err != nil {
			asked.Result, asked.Output = report.Failed, err.Error()
			r.Journal.Ran(asked)
			return err
		}
	}
	r.Journal.Ran(asked)
	r.Passed(Outcome{Stage: at.Stage, Health: true, Started: begun})
	return nil
}
