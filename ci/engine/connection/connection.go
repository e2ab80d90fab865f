// Package connection finds an engine, which may be named, and opens sessions there. It does not know what is built in them.
package connection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dagger.io/dagger"
	"dagger.io/dagger/engineconn"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/trace"
)

const (
	// engineTime is how long an engine that is named may take to answer. One that the
	// SDK starts by itself may have to be downloaded first.
	engineTime = 30 * time.Second
	// closeTime is how long the end of a session is waited for: one whose engine is gone
	// tries to tell it for a minute, and may do so when this process has ended.
	closeTime = 10 * time.Second
)

// Open opens a session that outlives a signal, since the undo needs it too. A
// signal only ends the wait until it is open.
func Open(ctx context.Context, log io.Writer) (*dagger.Client, error) {
	named := os.Getenv(engineHost)
	if os.Getenv(engineSession) != "" {
		named = "" // the SDK uses the session
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	if named != "" {
		waiting, stop = context.WithTimeoutCause(ctx, engineTime, fmt.Errorf("%s does not answer within %s", named, engineTime))
		defer stop()
	}
	client, err := open(waiting, named, log)
	switch {
	case err == nil:
		return client, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case waiting.Err() != nil:
		return nil, noEngine(named, context.Cause(waiting))
	}
	return nil, noEngine(named, err)
}

// open opens a session of the engine that is named, or of one that the SDK finds or starts.
func open(ctx context.Context, named string, log io.Writer) (*dagger.Client, error) {
	// First, for a session that finds none would go on trying when this process has ended.
	if err := reachEngine(ctx, named); err != nil {
		return nil, err
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
			return nil, s.err
		}
		if err := checkVersion(ctx, named, s.client); err != nil {
			_ = Close(s.client)
			return nil, err
		}
		return s.client, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// checkVersion holds an engine to the SDK's version: what another one makes of the same
// request nobody has tried. That which the SDK finds by itself is of its version.
func checkVersion(ctx context.Context, named string, client *dagger.Client) error {
	if named == "" {
		return nil
	}
	version, err := client.Version(ctx)
	if err != nil || version == "v"+engineconn.CLIVersion {
		return err
	}
	return otherVersion(named, version)
}

func otherVersion(named, version string) error {
	return fmt.Errorf("%s is of version %s, and this needs v%s, the version of its SDK", named, version, engineconn.CLIVersion)
}

// serverVersion finds the version of an engine in the SDK's log, for one that is so much older or
// newer that they do not talk to each other.
var serverVersion = regexp.MustCompile(`server-version=\S*?(v\d[-+.\w]*)`)

// noEngine makes a Failure of the SDK's error. Its cause is the last error line of the
// engine's log, which the SDK puts into the error.
func noEngine(named string, err error) error {
	cause, log, _ := strings.Cut(err.Error(), "\n")
	for line := range strings.Lines(log) {
		if said, ok := strings.CutPrefix(line, "Error: "); ok {
			cause, _, _ = strings.Cut(strings.TrimSpace(said), " [traceparent")
		}
	}
	if found := serverVersion.FindStringSubmatch(err.Error()); found != nil && strings.Contains(cause, "incompatible") {
		cause = otherVersion(named, found[1]).Error()
	}
	try := "start Docker, or set --engine to the address of an engine"
	switch {
	case errors.Is(err, exec.ErrNotFound):
		try = "install it"
	case named != "":
		try = "start one there, or set --engine to the address of an engine"
	}
	return &exit.Failure{Code: exit.Unreachable, Cause: "engine: " + cause, Err: err, Try: try}
}

// Close ends a session.
func Close(client *dagger.Client) error {
	closed := make(chan error, 1)
	go func() { closed <- client.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTime):
		return nil
	}
}

// boundedExport keeps the engine's command, which exports the engine's spans to the
// same collector, from holding up the end of a run for 30 seconds when that does not
// answer.
func boundedExport() dagger.ClientOpt {
	const variable = "OTEL_BSP_EXPORT_TIMEOUT" // in milliseconds
	bound := strconv.FormatInt(trace.FlushTime.Milliseconds(), 10)
	return dagger.WithEnvironmentVariable(variable, cmp.Or(os.Getenv(variable), bound))
}
