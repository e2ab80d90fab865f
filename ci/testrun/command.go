package testrun

import (
	"context"
	"io"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// Command is what runs in a container of the engine and depends on what is outside of it: its result is
// never taken from the engine's cache.
type Command struct {
	What      string   // that runs, for errors
	Line      []string // empty: the image's own
	Names     []Name
	Variables []Variable
	Leaves    []string // files that it is to leave: what was there before proves nothing
	Log       string   // of the stage
}

// Variable is one of a command's environment; without a value it is not set.
type Variable struct{ Name, Value string }

// Ran is a command that has ended.
type Ran struct {
	Container *dagger.Container
	Code      int    // exit code
	Output    string // stdout, then stderr
}

// Execute runs a command in a container and writes what it prints to its log.
func Execute(ctx context.Context, session *engine.Session, dir *report.Dir, c *dagger.Container, command Command) (ran Ran, err error) {
	for _, known := range command.Names {
		c = c.WithServiceBinding(known.Host, known.At)
	}
	for _, variable := range append(command.Variables, Variable{"SLIPWAY_NOW", time.Now().Format(time.RFC3339Nano)}) { // never cached
		if variable.Value != "" {
			c = c.WithEnvVariable(variable.Name, variable.Value)
		}
	}
	// If the engine makes a span for the command, it sets TRACEPARENT to that.
	for _, variable := range trace.Environment(ctx) {
		c = c.WithEnvVariable(variable.Name, variable.Value)
	}
	for _, file := range command.Leaves {
		if file != "" {
			c = c.WithoutFile(file)
		}
	}
	ran.Container = c.WithExec(command.Line, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny, UseEntrypoint: len(command.Line) == 0})
	if ran.Code, err = ran.Container.ExitCode(ctx); err != nil {
		return ran, session.Failure("run "+command.What, err)
	}
	stdout, err := ran.Container.Stdout(ctx)
	if err != nil {
		return ran, session.Failure("read what "+command.What+" printed", err)
	}
	stderr, err := ran.Container.Stderr(ctx)
	if err != nil {
		return ran, session.Failure("read what "+command.What+" printed", err)
	}
	ran.Output = stdout + stderr
	log, err := dir.Log(command.Log)
	if err != nil {
		return ran, err
	}
	_, err = io.WriteString(log, ran.Output)
	return ran, err
}
