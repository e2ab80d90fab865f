package pipeline

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/settings"
)

// Check validates the options of a run of the whole pipeline without any request, so
// that nothing is started for a run that cannot succeed. It returns usage errors that
// name the flag. The image may still be unknown.
func Check(app description.Application, opts settings.Options, tree fs.FS) error {
	if err := opts.Check(); err != nil {
		return err
	}
	if !slices.Contains(StageNames(), opts.Until) {
		return exit.Usagef("--until %q: no such stage; want one of %s", opts.Until, strings.Join(StageNames(), ", "))
	}
	if opts.Image == "" {
		opts.Image = "to-be-known.invalid/" + app.Name // any name will do to render an overlay
	}
	r, err := newRun(app, opts, Environment{Tree: tree})
	if err != nil {
		return err
	}
	if err := r.checkPolicy(); err != nil {
		return err
	}
	return r.checkOverlays()
}

func (r *Run) checkOverlays() error {
	beta, err := r.overlays().RenderBeta(r.images)
	if err == nil {
		err = rollout.CheckAnnotations(beta.Objects)
	}
	if err == nil {
		_, err = r.overlays().ServicesBeside(beta.Objects)
	}
	if err == nil { // its Services select pods of this run alone, so that only the overlay can have them
		err = rollout.CheckServices(beta.Objects, "")
	}
	if err != nil {
		return exit.Usagef("--beta-overlay: %w", err)
	}
	render := r.overlays().ShowProduction
	if Reaches(r.opts.Until, "deploy") {
		render = r.overlays().RenderProduction
	}
	production, err := render(r.images)
	var reached front.Front
	if err == nil {
		reached, err = front.Of(r.app, production, "")
	}
	if err == nil {
		err = rollout.CheckAnnotations(production)
	}
	if err == nil && reached.Service != "" { // another Service may be for pods that somebody else has put beside
		err = rollout.CheckServices(production, reached.Service)
	}
	if err != nil && r.opts.Environment != "" {
		return exit.Usagef("environments: %s: %w", r.opts.Environment, err)
	}
	if err != nil {
		return exit.Usagef("--production-overlay: %w", err)
	}
	return nil
}
