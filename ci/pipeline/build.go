package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/builder"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/materials"
	"github.com/slipway-cd/slipway/ci/settings"
)

// Build runs the checks, then builds the images and pushes them as VERSION-beta.
func (r *Run) Build(ctx context.Context) error {
	if r.outdated != nil {
		return r.outdated
	}
	defer r.journal.EngineTime()()
	r.note("build", strings.Join(append(r.app.CheckNames(), r.imageNames()), ", "))
	stop, started := r.env.EngineLog.TellCommands(func(text string) { r.note("build", text) }), time.Now()
	variants, err := r.builder().Compile(ctx)
	stop()
	if err != nil {
		return err
	}
	r.note("build", "push "+image.Beta(r.opts.Version))
	var pushing errgroup.Group
	r.pushed = true
	for n := range r.images {
		pushing.Go(func() error { return r.push(ctx, &r.images[n], variants[n]) })
	}
	if err := pushing.Wait(); err != nil {
		return err
	}
	r.proof.Built.Started, r.proof.Built.Finished = started, time.Now()
	if r.witness("build").Attests() || r.scans() {
		r.proof.Built.Ask(ctx, materials.Source{Builder: r.builder(), Tree: r.env.Tree, Scan: r.scans()}, variants)
	}
	r.tellDigests()
	r.detail = r.images[0].Digest
	if len(r.images) > 1 {
		r.detail = fmt.Sprintf("%d images, %s", len(r.images), r.imageNames())
	}
	if len(r.app.Checks) == 0 {
		r.detail += ", no checks"
	}
	return nil
}

func (r *Run) imageNames() string {
	if len(r.images) == 1 {
		return "image"
	}
	var names []string
	for _, i := range r.images {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// push pushes an image as VERSION-beta, and decides which image the version is.
func (r *Run) push(ctx context.Context, i *artifact.Image, variants []*dagger.Container) error {
	if err := r.builder().Push(ctx, i, variants); err != nil {
		return err
	}
	return r.tags("build").FindReleased(ctx, i)
}

// builder builds this run's version.
func (r *Run) builder() builder.Builder {
	return builder.Builder{Engine: r.env.Engine, App: r.app, Version: r.opts.Version, Commit: r.opts.Commit, Built: r.opts.Built,
		Registry: r.env.Registry, Run: r.opts.Run, Note: func(text string) { r.note("build", text) }}
}

// BuildImage returns the first image that Build would push, after the same checks. It
// pushes nothing and needs only Engine and Tree of the environment.
func BuildImage(ctx context.Context, app description.Application, opts settings.Options, env Environment) (*dagger.Container, error) {
	r, err := newRun(app, opts, env)
	if err != nil {
		return nil, err
	}
	variants, err := r.builder().Compile(ctx)
	if err != nil {
		return nil, err
	}
	return variants[0][0], nil
}
