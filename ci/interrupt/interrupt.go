// Package interrupt ends a program by signals: the first lets it clean up, a later one does not, and says what stays. It does not know
// what a run does.
package interrupt

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/exit"
)

// repetition is how long after the first signal another is taken for the same one:
// `timeout` and some CI runners send it to the program and to its group, so that it
// comes twice within a moment.
const repetition = 2 * time.Second

// Watch cancels the context at the first SIGINT, SIGTERM or SIGHUP, so that
// the run cleans up after itself; a later SIGINT or SIGTERM ends the program at once.
func Watch(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE) // who reads the output may end before the run, which must not end in the middle of a deploy
	hangUpWithParent()
	go heed(signals, os.Stderr, cancel, os.Exit)
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// heed cancels at the first signal and exits at one that comes later than its
// repetitions. SIGHUP, of a terminal that closes or a `go run` that ends, comes
// together with others, so it is never taken for another one.
func heed(signals <-chan os.Signal, to io.Writer, cancel context.CancelCauseFunc, end func(code int)) {
	first, open := <-signals
	if !open {
		return
	}
	since := time.Now()
	fmt.Fprintf(to, "\nslipway: %s: cleaning up; another signal, %s from now or later, ends the program at once, without cleaning up\n", first, repetition)
	if first == syscall.SIGHUP {
		first = syscall.SIGTERM // which has an exit code
	}
	cancel(exit.Interrupt{Signal: first})
	for later := range signals {
		if later != syscall.SIGHUP && time.Since(since) >= repetition {
			last.Load().print(to)
			end(128 + int(later.(syscall.Signal)))
		}
	}
}

// Words are what the program prints when it ends without cleaning up.
type Words struct {
	Run, BuildNamespace string

	Beta       func() bool                                  // whether the build namespace may hold something of the run
	Production func() (namespace string, commands []string) // that put production back there, none if it is whole
}

var last atomic.Pointer[Words]

// Leave sets the words, once a run may write something.
func Leave(words *Words) { last.Store(words) }

// print says in one line what stays, then the commands that remove it.
func (w *Words) print(to io.Writer) {
	if w == nil {
		fmt.Fprintln(to, "slipway: ended at once; no run had begun")
		return
	}
	beta := w.Beta()
	namespace, commands := w.Production()
	var stays string
	switch {
	case beta && len(commands) > 0:
		stays = fmt.Sprintf("the beta of run %s stays in %s, and production in %s stays as far as this run has changed it", w.Run, w.BuildNamespace, namespace)
	case beta:
		stays = fmt.Sprintf("the beta of run %s stays in %s; production is whole", w.Run, w.BuildNamespace)
	case len(commands) > 0:
		stays = fmt.Sprintf("production in %s stays as far as run %s has changed it", namespace, w.Run)
	default:
		fmt.Fprintf(to, "slipway: ended at once; nothing that run %s deployed has to be removed\n", w.Run)
		return
	}
	fmt.Fprintf(to, "slipway: not cleaned up: %s: run `%s recover` with this run's flags, or by hand:\n", stays, about.Program())
	if beta {
		fmt.Fprintf(to, "  %s cleanup --run %s --build-namespace %s\n", about.Program(), w.Run, w.BuildNamespace)
	}
	for _, command := range commands {
		fmt.Fprintln(to, " ", command)
	}
}
