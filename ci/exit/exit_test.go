package exit

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
	require.Len(t, ofClass, len(codes))
	for class, code := range codes {
		err := &cluster.Error{Class: class, Object: "Deployment a/b", Cause: "is so", Evidence: []string{"seen"}, Try: "this"}
		failure := Explain(t.Context(), fmt.Errorf("wrapped: %w", err), 1)
		require.Equal(t, code, failure.Code, class)
		require.Equal(t, "Deployment a/b: is so; this", failure.Error())
		require.Equal(t, []string{"seen"}, failure.Evidence)
		if code != Superseded { // which is no failure's
			require.NotEmpty(t, Class(code), class)
		}
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
		"nothing wrong":                                  {live, nil, Done},
		"an error of no kind":                            {live, errors.New("no"), Unknown},
		"an option":                                      {live, Usagef("--until: no"), Usage},
		"a failure keeps its code":                       {live, &Failure{Code: Checks, Cause: "no"}, Checks},
		"a registry that does not answer":                {live, fmt.Errorf("tag: %w", image.ErrUnreachable), Unreachable},
		"a registry that refuses":                        {live, fmt.Errorf("tag: %w", image.ErrDenied), Admission},
		"a signal, whatever the error":                   {signalled(syscall.SIGINT), crash, Interrupted},
		"the other signal":                               {signalled(syscall.SIGTERM), errors.New("no"), Terminated},
		"out of time":                                    {late, errors.New("cut off"), Timeout},
		"out of time in the engine is no failed build":   {late, &Failure{Code: Build, Cause: "no", Err: context.DeadlineExceeded}, Timeout},
		"a failure found before the time was over stays": {late, &Failure{Code: Functional, Cause: "tests fail"}, Functional},
		"a known cause says more than the deadline":      {late, crash, Crash},
	} {
		require.Equal(t, c.code, Code(c.ctx, c.err), name)
	}
}
