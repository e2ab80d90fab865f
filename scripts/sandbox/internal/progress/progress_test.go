package progress

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

// built plays a build of two parts, one for 25 s beside one for 5 s.
func built(out *strings.Builder, terminal bool) {
	p := &Log{out: out, terminal: terminal, start: time.Now()}
	p.Expect(1)
	p.Expect(2)
	node := p.Part("node programs")
	root := p.Part("root file system")
	time.Sleep(5 * time.Second)
	root()
	time.Sleep(20*time.Second + time.Millisecond)
	node()
	p.Costs()
}

func TestProgressIsALineNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		built(&out, false)
		sandboxtest.Golden(t, "progress.golden", out.String())
	})
}

func TestProgressOnATerminalIsOneLineDrawnAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		built(&out, true)
		require.Contains(t, out.String(), "\r\x1b[Ksandbox: building node programs 3s, root file system 3s (0 of 3 done, 3s so far)")
		require.Contains(t, out.String(), "\r\x1b[Ksandbox: building node programs 24s (1 of 3 done, 24s so far)")
		require.Equal(t, 3, strings.Count(out.String(), "\n"), "what each part cost, and the sum")
	})
}
