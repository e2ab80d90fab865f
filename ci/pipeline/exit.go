package pipeline

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
	ExitDone          = 0
	ExitUsage         = 2
	ExitChanges       = 4
	ExitBuild         = 10
	ExitChecks        = 11
	ExitFunctional    = 20
	ExitProduction    = 21
	ExitAdmission     = 30
	ExitImage         = 31
	ExitCrash         = 32
	ExitNeverReady    = 33
	ExitUnschedulable = 34
	ExitNoAddress     = 35
	ExitUnreachable   = 36
	ExitTimeout       = 40
	ExitSuperseded    = 50
	ExitLocked        = 51
	ExitUndo          = 60
	ExitOutside       = 61
	exitSignal        = 128 // plus the signal's number
	ExitInterrupted   = exitSignal + int(syscall.SIGINT)
	ExitTerminated    = exitSignal + int(syscall.SIGTERM)
	exitUnknown       = 1
)

var exitOfClass = map[cluster.Class]int{
	cluster.Misconfigured: ExitUsage,
	cluster.Admission:     ExitAdmission,
	cluster.Image:         ExitImage,
	cluster.Crash:         ExitCrash,
	cluster.NeverReady:    ExitNeverReady,
	cluster.Unschedulable: ExitUnschedulable,
	cluster.NoAddress:     ExitNoAddress,
	cluster.Unreachable:   ExitUnreachable,
	cluster.Timeout:       ExitTimeout,
	cluster.Superseded:    ExitSuperseded,
	cluster.Locked:        ExitLocked,
	cluster.Undo:          ExitUndo,
	cluster.Lost:          ExitUndo,
}

// Failure is an error with an exit code and what a user should see.
type Failure struct {
	Code     int
	Class    string   // "evidence" for an image that is not known to be tested
	Cause    string   // one sentence, no period
	Evidence []string // lines that prove it: events, states, log lines
	Try      string   // what the user can do
	Err      error

	logged bool // the engine failed, so that the end of its log may say more
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

// Usage returns the Failure, with exit code 2, for a wrong flag or configuration.
func Usage(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Failure{Code: ExitUsage, Cause: err.Error(), Err: err}
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

// explain turns an error into a Failure. code is used if err does not imply one.
func explain(ctx context.Context, err error, code int) *Failure {
	var interrupt Interrupt
	var known *Failure
	var fromCluster *cluster.Error
	late := errors.Is(context.Cause(ctx), context.DeadlineExceeded)
	switch {
	case errors.As(context.Cause(ctx), &interrupt):
		return &Failure{Code: exitSignal + int(interrupt.Signal.(syscall.Signal)), Cause: interrupt.Error(), Err: err}
	case errors.As(err, &fromCluster):
		cause := fromCluster.Cause
		if fromCluster.Object != "" {
			cause = fromCluster.Object + ": " + cause
		}
		return &Failure{Code: exitOfClass[fromCluster.Class], Cause: cause, Evidence: fromCluster.Evidence, Try: fromCluster.Try, Err: err}
	case late && errors.Is(err, context.DeadlineExceeded): // whatever was going on is not to blame
		return outOfTime(ctx, err)
	case errors.As(err, &known):
		return known
	case errors.Is(err, image.ErrUnreachable):
		return &Failure{Code: ExitUnreachable, Cause: err.Error(), Err: err}
	case errors.Is(err, image.ErrDenied):
		return &Failure{Code: ExitAdmission, Cause: err.Error(), Try: "log in to the registry with credentials that may push", Err: err}
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
	return &Failure{Code: ExitTimeout, Cause: "out of time: " + cause, Try: "allow more time with --timeout or --stage-timeout", Err: err,
		logged: errors.As(err, &known) && known.logged}
}

// ExitCode returns the exit code for err; 0 for nil.
func ExitCode(ctx context.Context, err error) int {
	if err == nil {
		return ExitDone
	}
	return explain(ctx, err, exitUnknown).Code
}
