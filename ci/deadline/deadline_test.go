package deadline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
)

func TestAStagesTimeIsPutOffWhileWhoIsWaitedForIsAtWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, quiet := &AtWork{}, func(string) {}
		begun := time.Now()
		over := a.During(func(context.Context) string {
			if time.Since(begun) < 3*time.Minute {
				return "Ingress shop/web: Sync: Scheduled for sync"
			}
			return ""
		})
		ctx, cancel := a.Within(t.Context(), exit.OutOfTime{What: "--stage-timeout", Limit: time.Minute}, quiet)
		defer cancel()
		child, done := context.WithTimeout(ctx, 90*time.Second) // as of a request, whose own time counts
		defer done()
		<-child.Done()
		require.Equal(t, 90*time.Second, time.Since(begun))
		require.NoError(t, ctx.Err())
		<-ctx.Done()
		require.Equal(t, 3*time.Minute, time.Since(begun))
		require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
		require.ErrorContains(t, context.Cause(ctx), "--stage-timeout")
		late, stop := context.WithCancel(ctx)
		defer stop()
		<-late.Done()
		require.ErrorContains(t, context.Cause(late), "--stage-timeout")

		over()
		begun = time.Now()
		ctx, cancel = a.Within(t.Context(), exit.OutOfTime{What: "--stage-timeout", Limit: time.Minute}, quiet)
		defer cancel()
		<-ctx.Done()
		require.Equal(t, time.Minute, time.Since(begun), "nobody is waited for")
	})
}

func TestAStageThatIsInterruptedEndsAsThat(t *testing.T) {
	t.Parallel()
	outer, interrupt := context.WithCancelCause(t.Context())
	ctx, cancel := new(AtWork).Within(outer, exit.OutOfTime{Limit: time.Hour}, nil)
	defer cancel()
	why := errors.New("interrupted")
	interrupt(why)
	<-ctx.Done()
	require.Equal(t, context.Canceled, ctx.Err())
	require.Equal(t, why, context.Cause(ctx))
}
