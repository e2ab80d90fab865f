// Package deadline ends a context when its time is over, unless somebody who is waited for is at work. It does not know who that
// is, nor what is waited for.
package deadline

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/slipway-cd/slipway/ci/exit"
)

// AtWork asks whether somebody whom a stage waits for is at work, and what they say.
type AtWork struct {
	asked atomic.Pointer[func(ctx context.Context) string]
}

// During lets a stage's time be put off while f says something, until what it returns is called.
func (a *AtWork) During(f func(ctx context.Context) string) (over func()) {
	a.asked.Store(&f)
	return func() { a.asked.Store(nil) }
}

// says is empty where the stage waits for nobody who is at work.
func (a *AtWork) says(ctx context.Context) string {
	if f := a.asked.Load(); f != nil {
		return (*f)(ctx)
	}
	return ""
}

// askAgain is how long a stage goes on whose time is over while somebody is at work.
const askAgain = 15 * time.Second

// Within returns a context that ends once the limit is over, with it as the cause. A
// controller that says that it is at work is no reason to fail: a cloud's load balancer
// takes as long as it takes. The time of the whole run still counts.
func (a *AtWork) Within(ctx context.Context, limit exit.OutOfTime, note func(text string)) (context.Context, context.CancelFunc) {
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
			doing := a.says(inner)
			if doing == "" {
				cancel(limit)
				return
			}
			note("goes on, though " + limit.Error() + ": " + doing)
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
