package pipeline

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/slipway-cd/slipway/ci/exit"
)

// atWork asks whether somebody whom a stage waits for is at work, and what they say.
type atWork struct {
	asked atomic.Pointer[func(ctx context.Context) string]
}

// during lets a stage's time be put off while f says something, until what it returns is called.
func (a *atWork) during(f func(ctx context.Context) string) (over func()) {
	a.asked.Store(&f)
	return func() { a.asked.Store(nil) }
}

// says is empty where the stage waits for nobody who is at work.
func (a *atWork) says(ctx context.Context) string {
	if f := a.asked.Load(); f != nil {
		return (*f)(ctx)
	}
	return ""
}

// askAgain is how long a stage goes on whose time is over while somebody is at work.
const askAgain = 15 * time.Second

// timed returns a context for a stage that ends when its time is over.
func (r *Run) timed(ctx context.Context, stage Stage) (context.Context, context.CancelFunc) {
	limit := exit.OutOfTime{What: "--stage-timeout", Limit: r.opts.StageTimeout}
	if stage.Time > 0 {
		limit = exit.OutOfTime{What: "the time for " + stage.Name, Limit: stage.Time}
	}
	if stage.Time > 0 || stage.Always { // these wait for nobody outside
		return context.WithTimeoutCause(ctx, limit.Limit, limit)
	}
	return r.within(ctx, stage.Name, limit)
}

// within returns a context that ends once the limit is over, with it as the cause. A
// controller that says that it is at work is no reason to fail: a cloud's load balancer
// takes as long as it takes. The time of the whole run still counts.
func (r *Run) within(ctx context.Context, stage string, limit exit.OutOfTime) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancelCause(ctx)
	out := &extensible{Context: inner, done: make(chan struct{})}
	go func() {
		defer close(out.done)
		for next := limit.Limit; ; next = askAgain {
			select {
			case <-time.After(next):
			case <-inner.Done():
				return
			}
			doing := r.atWork.says(inner)
			if doing == "" {
				cancel(limit)
				return
			}
			r.note(stage, "goes on, though "+limit.Error()+": "+doing)
		}
	}()
	return out, func() { cancel(nil) }
}

// extensible is a context whose deadline may be put off. It tells none, for who hears of
// one sets a timer of its own to it; but it ends as one with a deadline does.
type extensible struct {
	context.Context
	done chan struct{}
}

func (e *extensible) Done() <-chan struct{} { return e.done }

func (e *extensible) Err() error {
	select {
	case <-e.done:
	default:
		return nil
	}
	if errors.As(context.Cause(e.Context), new(exit.OutOfTime)) {
		return context.DeadlineExceeded
	}
	return e.Context.Err()
}
