package pipeline

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/image"
)

func TestEveryClassOfClusterErrorHasItsExitCode(t *testing.T) {
	t.Parallel()
	codes := map[cluster.Class]int{
		cluster.Misconfigured: 2, cluster.Admission: 30, cluster.Image: 31, cluster.Crash: 32, cluster.NeverReady: 33,
		cluster.Unschedulable: 34, cluster.NoAddress: 35, cluster.Unreachable: 36, cluster.Timeout: 40,
		cluster.Superseded: 50, cluster.Locked: 51, cluster.Undo: 60, cluster.Lost: 60,
	}
	require.Len(t, exitOfClass, len(codes))
	for class, code := range codes {
		err := &cluster.Error{Class: class, Object: "Deployment a/b", Cause: "is so", Evidence: []string{"seen"}, Try: "this"}
		failure := explain(t.Context(), fmt.Errorf("wrapped: %w", err), 1)
		require.Equal(t, code, failure.Code, class)
		require.Equal(t, "Deployment a/b: is so; this", failure.Error())
		require.Equal(t, []string{"seen"}, failure.Evidence)
	}
}

func TestExitCodesOfOtherErrors(t *testing.T) {
	t.Parallel()
	live := t.Context()
	signalled := func(signal syscall.Signal) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(Interrupt{Signal: signal})
		return ctx
	}
	late, cancel := context.WithTimeoutCause(t.Context(), 0, OutOfTime{What: "--timeout", Limit: time.Second})
	t.Cleanup(cancel)
	<-late.Done()
	crash := &cluster.Error{Class: cluster.Crash, Cause: "crashes", Err: context.DeadlineExceeded}
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		code int
	}{
		"nothing wrong":                                  {live, nil, ExitDone},
		"an error of no kind":                            {live, errors.New("no"), exitUnknown},
		"an option":                                      {live, Usage("--until: no"), ExitUsage},
		"a failure keeps its code":                       {live, &Failure{Code: ExitChecks, Cause: "no"}, ExitChecks},
		"a registry that does not answer":                {live, fmt.Errorf("tag: %w", image.ErrUnreachable), ExitUnreachable},
		"a registry that refuses":                        {live, fmt.Errorf("tag: %w", image.ErrDenied), ExitAdmission},
		"a signal, whatever the error":                   {signalled(syscall.SIGINT), crash, ExitInterrupted},
		"the other signal":                               {signalled(syscall.SIGTERM), errors.New("no"), ExitTerminated},
		"out of time":                                    {late, errors.New("cut off"), ExitTimeout},
		"out of time in the engine is no failed build":   {late, &Failure{Code: ExitBuild, Cause: "no", Err: context.DeadlineExceeded}, ExitTimeout},
		"a failure found before the time was over stays": {late, &Failure{Code: ExitFunctional, Cause: "tests fail"}, ExitFunctional},
		"a known cause says more than the deadline":      {late, crash, ExitCrash},
	} {
		require.Equal(t, c.code, ExitCode(c.ctx, c.err), name)
	}
}
