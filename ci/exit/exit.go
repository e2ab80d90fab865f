// Package exit gives an error its exit code, and what a user should see of it. It does
// not know which stage failed, nor what to undo.
package exit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/image"
)

// The exit codes of ../../docs/troubleshooting.md; scripts rely on them.
const (
	Done          = 0
	Usage         = 2
	Changes       = 4
	Approval      = 5
	Build         = 10
	Checks        = 11
	Functional    = 20
	Production    = 21
	Admission     = 30
	Image         = 31
	Crash         = 32
	NeverReady    = 33
	Unschedulable = 34
	NoAddress     = 35
	Unreachable   = 36
	Timeout       = 40
	Superseded    = 50
	Locked        = 51
	Undo          = 60
	Outside       = 61
	signalled     = 128 // plus the signal's number
	Interrupted   = signalled + int(syscall.SIGINT)
	Terminated    = signalled + int(syscall.SIGTERM)
	Unknown       = 1
)

var ofClass = map[cluster.Class]int{
	cluster.Misconfigured: Usage,
	cluster.Admission:     Admission,
	cluster.Image:         Image,
	cluster.Crash:         Crash,
	cluster.NeverReady:    NeverReady,
	cluster.Unschedulable: Unschedulable,
	cluster.NoAddress:     NoAddress,
	cluster.Unreachable:   Unreachable,
	cluster.Timeout:       Timeout,
	cluster.Superseded:    Superseded,
	cluster.Locked:        Locked,
	cluster.Undo:          Undo,
	cluster.Lost:          Undo,
}

// Failure is an error with an exit code and what a user should see.
type Failure struct {
	Code     int
	Class    string   // "evidence" for an image that is not known to be tested
	Cause    string   // one sentence, no period
	Evidence []string // lines that prove it: events, states, log lines
	Try      string   // what the user can do
	Err      error

	Logged bool // the engine failed, so that the end of its log may say more
}

// Error returns cause and what to try in one line.
func (f *Failure) Error() string {
	if f.Try == "" {
		return f.Cause
	}
	return f.Cause + "; " + f.Try
}

// Evidence returns the lines that prove the cause of an error, if there are any.
func Evidence(err error) []string {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Evidence
	}
	var fromCluster *cluster.Error
	if errors.As(err, &fromCluster) {
		return fromCluster.Evidence
	}
	return nil
}

// Unwrap returns the underlying error.
func (f *Failure) Unwrap() error { return f.Err }

// Usagef returns the Failure, with exit code 2, for a wrong flag or configuration.
func Usagef(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Failure{Code: Usage, Cause: err.Error(), Err: err}
}

// Interrupt is the cause of a context that a signal cancelled.
type Interrupt struct{ Signal os.Signal }

// Error names the signal.
func (i Interrupt) Error() string { return "stopped by " + i.Signal.String() }

// OutOfTime is the cause of a context whose deadline has passed. It says which limit
// that was.
type OutOfTime struct {
	What  string // the flag that sets it
	Limit time.Duration
}

// Error names the limit.
func (o OutOfTime) Error() string { return fmt.Sprintf("%s (%s) is over", o.What, o.Limit) }

// Unwrap makes it a context.DeadlineExceeded.
func (o OutOfTime) Unwrap() error { return context.DeadlineExceeded }

// Explain turns an error into a Failure. code is used if err does not imply one.
func Explain(ctx context.Context, err error, code int) *Failure {
	var interrupt Interrupt
	var known *Failure
	var fromCluster *cluster.Error
	late := errors.Is(context.Cause(ctx), context.DeadlineExceeded)
	switch {
	case errors.As(context.Cause(ctx), &interrupt):
		return &Failure{Code: signalled + int(interrupt.Signal.(syscall.Signal)), Cause: interrupt.Error(), Err: err}
	case errors.As(err, &fromCluster):
		cause := fromCluster.Cause
		if fromCluster.Object != "" {
			cause = fromCluster.Object + ": " + cause
		}
		return &Failure{Code: ofClass[fromCluster.Class], Cause: cause, Evidence: fromCluster.Evidence, Try: fromCluster.Try, Err: err}
	case late && errors.Is(err, context.DeadlineExceeded): // whatever was going on is not to blame
		return outOfTime(ctx, err)
	case errors.As(err, &known):
		return known
	case errors.Is(err, image.ErrUnreachable):
		return &Failure{Code: Unreachable, Cause: err.Error(), Err: err}
	case errors.Is(err, image.ErrDenied):
		return &Failure{Code: Admission, Cause: err.Error(), Try: "log in to the registry with credentials that may push", Err: err}
	case late:
		return outOfTime(ctx, err)
	}
	return &Failure{Code: code, Cause: err.Error(), Err: err}
}

func outOfTime(ctx context.Context, err error) *Failure {
	cause := err.Error()
	if !errors.As(err, new(OutOfTime)) { // else the error names the limit itself
		cause = context.Cause(ctx).Error() + ": " + cause
	}
	var known *Failure
	return &Failure{Code: Timeout, Cause: "out of time: " + cause, Try: "allow more time with --timeout or --stage-timeout", Err: err,
		Logged: errors.As(err, &known) && known.Logged}
}

// Code returns the exit code for err; 0 for nil.
func Code(ctx context.Context, err error) int {
	if err == nil {
		return Done
	}
	return Explain(ctx, err, Unknown).Code
}
