// Package function calls a function of a Dagger module that is known only when it runs: it asks the engine what the function takes,
// makes that of what an application's description gives, and of its result a container with what it leaves. It does not know when
// a step runs, nor what becomes of what it left.
package function

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Function is one of a module that is served in a session of the engine.
type Function struct {
	session *engine.Session
	module  dagger.ID
	field   string // by which the API has the module
	declared
}

// Load serves the module of a step and finds the function in it. A description that does not fit is an error of exit code 2.
func Load(ctx context.Context, session *engine.Session, s description.Step) (*Function, error) {
	failure := func(err error) error {
		return session.Failure(fmt.Sprintf("step %s: module %s cannot be loaded", s.Name, s.Module), err)
	}
	loaded, err := module(ctx, session, s)
	if err != nil {
		return nil, failure(err)
	}
	if err := loaded.Serve(ctx); err != nil {
		return nil, failure(err)
	}
	id, err := loaded.ID(ctx)
	if err != nil {
		return nil, failure(err)
	}
	var api api
	if err := session.Ask(ctx, fmt.Sprintf(introspection, id), &api); err != nil {
		return nil, failure(err)
	}
	f := &Function{session: session, module: id, field: api.Module.Name}
	if f.declared, err = api.find(s.Function); err != nil {
		return nil, wrong(s, err)
	}
	return f, f.fits(ctx, s)
}

// Ready has the engine compile the module, which it would else do when the function is called.
func (f *Function) Ready(ctx context.Context) error {
	var nothing any
	return f.session.Ask(ctx, fmt.Sprintf("{node(id: %q) { ... on Module { runtime { sync } } }}", f.module), &nothing)
}

// wrong is the error of a description that does not fit the function.
func wrong(s description.Step, err error) error {
	return exit.Usagef("steps: %s: module %s: %w", s.Name, s.Module, err)
}

// fits checks all that can be known of a call before it is made.
func (f *Function) fits(ctx context.Context, s description.Step) error {
	if _, err := f.arguments(ctx, s, anything{}); err != nil {
		return wrong(s, err)
	}
	if err := f.Returns.supported(); err != nil {
		return wrong(s, fmt.Errorf("function %s: %w", f.Name, err))
	}
	if !f.Returns.leaves() && len(s.Left()) > 0 {
		return wrong(s, fmt.Errorf("function %s returns %s, and files, junit and sarif are those of a Directory, a File or a Container", f.Name, f.Returns))
	}
	return nil
}

// Result is what a function has returned.
type Result struct {
	Output    string            // what it said
	Container *dagger.Container // with what it leaves; nil: nothing
	Folder    string            // in the container, all of which it has left; empty: what the step names
}

// Call calls the function. The engine's error is returned as it is.
func (f *Function) Call(ctx context.Context, s description.Step, known Known) (result Result, err error) {
	arguments, err := f.arguments(ctx, s, known)
	if err != nil {
		return result, err
	}
	var answer map[string]map[string]any
	if err := f.session.Ask(ctx, fmt.Sprintf("{%s{%s%s%s}}", f.field, f.Name, arguments, f.Returns.selection()), &answer); err != nil {
		return result, err
	}
	returned := answer[f.field][f.Name]
	switch object, _ := returned.(map[string]any); f.Returns.object() {
	case "":
		result.Output = printed(returned)
	case "Container":
		result.Container = f.session.Container(idOf(object))
		result.Output, err = output(ctx, result.Container)
	default:
		result.Folder = "/"
		result.Container, err = f.holding(ctx, object)
	}
	return result, err
}

// output carries out what a container's last command is, and is what that printed.
func output(ctx context.Context, c *dagger.Container) (string, error) {
	if _, err := c.Sync(ctx); err != nil {
		return "", err
	}
	stdout, err := c.Stdout(ctx)
	if err != nil && strings.Contains(err.Error(), noCommand) {
		return "", nil
	}
	return stdout, err
}

// noCommand is what the engine says of a container in which nothing was run.
const noCommand = "no command has been set"

// holding is a container that has nothing but a Directory, or a File, that was returned.
func (f *Function) holding(ctx context.Context, object map[string]any) (*dagger.Container, error) {
	id := idOf(object)
	if id == "" {
		return nil, errors.New("it returned nothing")
	}
	put := "withRootfs(directory: " + quoted(string(id)) + ")"
	if name, file := object["name"].(string); file {
		put = "withFile(path: " + quoted("/"+name) + ", source: " + quoted(string(id)) + ")"
	}
	var made struct {
		Container map[string]struct{ ID dagger.ID }
	}
	if err := f.session.Ask(ctx, "{container{made: "+put+"{id}}}", &made); err != nil {
		return nil, err
	}
	return f.session.Container(made.Container["made"].ID).Sync(ctx) // a function may return what is still to be made
}

func idOf(object map[string]any) dagger.ID {
	id, _ := object["id"].(string)
	return dagger.ID(id)
}
