package command

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

// engineHost names an engine that runs already; the SDK reads it.
const engineHost = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"

// engineTime is how long an engine that is named may take to answer. One that the
// SDK starts by itself may have to be downloaded first.
const engineTime = 30 * time.Second

// connectEngine opens a session that outlives a signal, since the undo needs it too. A
// signal only ends the wait until it is open.
func connectEngine(ctx context.Context, log io.Writer) (*dagger.Client, error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	named := os.Getenv(engineHost)
	if named != "" {
		if err := dialEngine(ctx, named); err != nil {
			return nil, noEngine(err)
		}
		waiting, stop = context.WithTimeoutCause(ctx, engineTime, fmt.Errorf("%s does not answer within %s", named, engineTime))
		defer stop()
	}
	type session struct {
		client *dagger.Client
		err    error
	}
	opened := make(chan session, 1) // the SDK waits for five minutes and cannot be cancelled
	go func() {
		client, err := dagger.Connect(context.WithoutCancel(ctx), dagger.WithLogOutput(log), boundedExport())
		opened <- session{client, err}
	}()
	select {
	case s := <-opened:
		if s.err != nil {
			return nil, noEngine(s.err)
		}
		return s.client, nil
	case <-waiting.Done():
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, noEngine(context.Cause(waiting))
	}
}

// dialEngine finds out at once, where it can, that nothing listens there.
func dialEngine(ctx context.Context, named string) error {
	at, err := url.Parse(named)
	if err != nil {
		return fmt.Errorf("%s=%q is not a URL", engineHost, named)
	}
	address := at.Host
	switch at.Scheme {
	case "unix":
		address = at.Path
	case "tcp":
	default:
		return nil // reached through another program
	}
	ctx, cancel := context.WithTimeout(ctx, engineTime)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, at.Scheme, address)
	if err != nil {
		return fmt.Errorf("%s: %w", named, err)
	}
	return connection.Close()
}

// noEngine makes a Failure of the SDK's error. Its cause is the last error line of the
// engine's log, which the SDK puts into the error.
func noEngine(err error) error {
	cause, log, _ := strings.Cut(err.Error(), "\n")
	for line := range strings.Lines(log) {
		if said, ok := strings.CutPrefix(line, "Error: "); ok {
			cause, _, _ = strings.Cut(strings.TrimSpace(said), " [traceparent")
		}
	}
	return &pipeline.Failure{Code: pipeline.ExitUnreachable, Cause: "engine: " + cause, Err: err,
		Try: "start Docker, or set " + engineHost + " to the address of an engine"}
}
