package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-cd/slipway/ci/report"
)

// healthTime is how long the health of an application may take to answer that is not
// tested otherwise.
const healthTime = 30 * time.Second

// tested reports whether the application has tests of its own that ask it over the network.
func (r *Run) tested() bool { return len(r.app.Functional)+len(r.app.Production) > 0 }

// askHealth stands in for a suite that the application does not have. Without a way of
// its own to ask, the address was found by asking it for the same path already.
func (r *Run) askHealth(ctx context.Context, s suite) error {
	r.note(s.stage, "no "+s.stage+" tests are described: ask "+s.address+r.app.Health)
	asked := report.Test{Name: r.app.Health + " (no " + s.stage + " tests are described)", Result: report.Passed, At: s.address}
	if s.ask != nil {
		defer r.waitTime()()
		begun := time.Now()
		ctx, cancel := context.WithTimeoutCause(ctx, healthTime, OutOfTime{What: "the time for " + r.app.Health, Limit: healthTime})
		defer cancel()
		err := s.ask(ctx)
		asked.Seconds = report.Seconds(time.Since(begun))
		if interrupt := (Interrupt{}); errors.As(context.Cause(ctx), &interrupt) {
			return context.Cause(ctx)
		}
		if err != nil {
			asked.Result, asked.Output = report.Failed, err.Error()
			r.ran = append(r.ran, asked)
			return err
		}
	}
	r.ran = append(r.ran, asked)
	return nil
}
