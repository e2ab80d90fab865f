package step

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/step/function"
)

// call runs a step that is a module's function.
func (r Runner) call(ctx context.Context, s description.Step, given Given) (Outcome, error) {
	reports, remove, err := r.known(given.Report)
	if err != nil {
		return Outcome{}, err
	}
	defer remove()
	called, err := function.Load(ctx, r.Builder.Engine, s)
	if err != nil {
		return Outcome{}, err
	}
	result, err := called.Call(ctx, s, told{Runner: r, step: s, given: given, reports: r.Builder.Engine.Folder(reports)})
	if err != nil {
		return Outcome{}, r.failed(ctx, s, err)
	}
	output := r.Log.Masked(result.Output)
	if err := r.log(s, output); err != nil {
		return Outcome{}, err
	}
	var outcome Outcome
	var missing error
	switch {
	case result.Container == nil:
	case result.Folder != "" && len(s.Files) == 0:
		outcome, missing = r.takeAll(ctx, result.Container, s, result.Folder)
	default:
		outcome, missing = r.take(ctx, result.Container, s)
	}
	outcome.Said = said(output)
	if missing != nil {
		return outcome, missing
	}
	return outcome, r.cases(s, outcome, output)
}

// compile has the module of a step ready to be called.
func (r Runner) compile(ctx context.Context, s description.Step) error {
	loaded, err := function.Load(ctx, r.Builder.Engine, s)
	if err != nil {
		return err
	}
	if err := loaded.Ready(ctx); err != nil {
		return r.Builder.Engine.Failure("step "+s.Name+": module "+s.Module+" does not compile", err)
	}
	return nil
}

// failed is the failure of a function, whose error tells more in lines behind the first.
func (r Runner) failed(ctx context.Context, s description.Step, err error) error {
	failure := r.Builder.Engine.Failure("step "+s.Name, err)
	if ctx.Err() != nil {
		return failure
	}
	text := engine.Plain(err)
	if command := (*dagger.ExecError)(nil); errors.As(err, &command) {
		text = command.Stdout + "\n" + command.Stderr
	} else if failure.Code == exit.Build { // the function's own word, to which the engine's log adds nothing
		failure.Logged, failure.Try = false, "read "+r.Dir.LogPath(s.Name)
		_, more, _ := strings.Cut(text, "\n")
		failure.Evidence = engine.LastLines(more, 20)
	}
	failure.Cause = r.Log.Masked(failure.Cause)
	for i, line := range failure.Evidence {
		failure.Evidence[i] = r.Log.Masked(line)
	}
	if err := r.log(s, r.Log.Masked(text)+"\n"); err != nil {
		return err
	}
	return failure
}

// log writes to a step's log.
func (r Runner) log(s description.Step, text string) error {
	log, err := r.Dir.Log(s.Name)
	if err == nil {
		_, err = io.WriteString(log, text)
	}
	return err
}

// takeAll is take for a folder all of which is kept.
func (r Runner) takeAll(ctx context.Context, c *dagger.Container, s description.Step, folder string) (Outcome, error) {
	if err := r.export(ctx, c, folder, r.Dir.StepPath(s.Name, "")); err != nil {
		return Outcome{}, &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s: %s", s.Name, err), Err: err}
	}
	r.Dir.Keeps(path.Join("steps", s.Name))
	var outcome Outcome
	for _, left := range s.Left() {
		if err := outcome.read(s, left, r.Dir.StepPath(s.Name, left)); err != nil {
			return outcome, &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s: %s: %s", s.Name, left, err), Err: err}
		}
	}
	return outcome, nil
}

// told is what the arguments of a function refer to.
type told struct {
	Runner
	step    description.Step
	given   Given
	reports *dagger.Directory
}

// Text is that of a variable which a container gets, too.
func (t told) Text(variable string) string {
	for _, one := range t.told(t.given) {
		if one.Name == variable {
			return one.Value
		}
	}
	return ""
}

// Folder is the source, or that with the reports.
func (t told) Folder(variable string) *dagger.Directory {
	if variable == description.ReportVariable {
		return t.reports
	}
	return t.Builder.Engine.Source(t.step.Context)
}

// Image is a published one.
func (t told) Image(reference string) *dagger.Container { return t.Builder.Engine.Image(reference) }

// Secret is one by its reference.
func (t told) Secret(reference description.Secret) *dagger.Secret {
	return t.Builder.Engine.Secret(string(reference))
}

// Service is what a container knows the host of the address by.
func (t told) Service() (*dagger.Service, bool) {
	address, err := url.Parse(t.given.Address)
	for _, known := range t.given.Names {
		if err == nil && known.Host == address.Hostname() {
			return known.At, true
		}
	}
	return nil, false
}
