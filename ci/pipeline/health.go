package pipeline

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
func (r *Run) askHealth(ctx context.Context, at place) error {
	begun := time.Now()
	if at.address == "" {
		r.note(at.stage, "no "+at.stage+" tests are described, and there is no Service to ask")
		r.answered(at.stage, begun)
		return nil
	}
	r.note(at.stage, "no "+at.stage+" tests are described: ask "+at.address+at.health)
	asked := report.Test{Name: at.health + " (no " + at.stage + " tests are described)", Result: report.Passed, At: at.address}
	if at.ask != nil {
		defer r.journal.WaitTime()()
		ctx, cancel := context.WithTimeoutCause(ctx, healthTime, exit.OutOfTime{What: "the time for " + at.health, Limit: healthTime})
		defer cancel()
		err := at.ask(ctx)
		asked.Seconds = report.Seconds(time.Since(begun))
		if interrupt := (exit.Interrupt{}); errors.As(context.Cause(ctx), &interrupt) {
			return context.Cause(ctx)
		}
		if err != nil {
			asked.Result, asked.Output = report.Failed, err.Error()
			r.journal.Ran(asked)
			return err
		}
	}
	r.journal.Ran(asked)
	r.answered(at.stage, begun)
	return nil
}
