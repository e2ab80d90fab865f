package interrupt

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
)

// sent is a signal that comes some time after the one before it.
type sent struct {
	after  time.Duration
	signal syscall.Signal
}

func TestOnlyASignalLaterThanItsRepetitionsBreaksTheCleanUpOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signals []sent
		code    int // 0: the clean-up goes on
	}{
		"one":                          {[]sent{{0, syscall.SIGTERM}}, 0},
		"twice within a moment":        {[]sent{{0, syscall.SIGTERM}, {time.Millisecond, syscall.SIGTERM}}, 0},
		"two kinds at once":            {[]sent{{0, syscall.SIGINT}, {0, syscall.SIGTERM}}, 0},
		"again just before":            {[]sent{{0, syscall.SIGINT}, {repetition - 1, syscall.SIGINT}}, 0},
		"again after the time":         {[]sent{{0, syscall.SIGINT}, {repetition, syscall.SIGINT}}, 130},
		"another after the time":       {[]sent{{0, syscall.SIGINT}, {time.Minute, syscall.SIGTERM}}, 143},
		"repeated, then again":         {[]sent{{0, syscall.SIGTERM}, {time.Second, syscall.SIGTERM}, {time.Second, syscall.SIGTERM}}, 143},
		"the terminal closes later":    {[]sent{{0, syscall.SIGTERM}, {time.Minute, syscall.SIGHUP}}, 0},
		"the terminal closes at first": {[]sent{{0, syscall.SIGHUP}, {time.Millisecond, syscall.SIGTERM}}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			signals := make(chan os.Signal, 3)
			ctx, cancel := context.WithCancelCause(t.Context())
			var told bytes.Buffer
			code := 0
			go heed(signals, &told, cancel, func(status int) { code = status })
			for _, s := range c.signals {
				time.Sleep(s.after)
				signals <- s.signal
				synctest.Wait()
			}
			close(signals)
			synctest.Wait()
			require.Equal(t, c.code, code, name)
			require.ErrorAs(t, context.Cause(ctx), &exit.Interrupt{}, name)
			require.Equal(t, c.code != 0, bytes.Contains(told.Bytes(), []byte("ended at once")), name)
		})
	}
}

func TestTheLastWordsSayWhatStaysAndWhatRemovesIt(t *testing.T) {
	t.Parallel()
	undo := []string{"kubectl -n shop delete configmap/a", "kubectl -n shop delete secret slipway-undo-one"}
	const first = "slipway: not cleaned up: "
	const then = ": run `go run ./ci recover` with this run's flags, or by hand:\n"
	const cleanup = "  go run ./ci cleanup --run one --build-namespace shop-build\n"
	byHand := "  " + undo[0] + "\n  " + undo[1] + "\n"
	for _, c := range []struct {
		beta       bool
		production []string
		want       string
	}{
		{true, undo, first + "the beta of run one stays in shop-build, and production in shop stays as far as this run has changed it" + then + cleanup + byHand},
		{true, nil, first + "the beta of run one stays in shop-build; production is whole" + then + cleanup},
		{false, undo, first + "production in shop stays as far as run one has changed it" + then + byHand},
		{false, nil, "slipway: ended at once; nothing that run one deployed has to be removed\n"},
	} {
		var out bytes.Buffer
		(&Words{Run: "one", BuildNamespace: "shop-build",
			Beta: func() bool { return c.beta }, Production: func() (string, []string) { return "shop", c.production }}).print(&out)
		require.Equal(t, c.want, out.String())
	}
	var out bytes.Buffer
	(*Words)(nil).print(&out)
	require.Equal(t, "slipway: ended at once; no run had begun\n", out.String())
}
