package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/receipt"
	"github.com/slipway-cd/slipway/ci/report"
)

// runID is valid as a label's value and short enough as the suffix of a long name.
var runID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// CheckRun returns a usage error if id is not a valid id of a run.
func CheckRun(id string) error {
	if !runID.MatchString(id) {
		return exit.Usagef("--run %q: want at most 32 lower case letters, digits and dashes", id)
	}
	return nil
}

// Check validates the options of a run of the whole pipeline without any request, so
// that nothing is started for a run that cannot succeed. It returns usage errors that
// name the flag. The image may still be unknown.
func Check(app description.Application, opts Options, tree fs.FS) error {
	if err := image.CheckTag(opts.Version); err != nil {
		return exit.Usagef("--version: %w", err)
	}
	if image.Reserved(opts.Version) {
		return exit.Usagef("--version %s: the pipeline moves this tag by itself: choose another version", opts.Version)
	}
	if len(validation.IsValidLabelValue(opts.Version)) > 0 {
		return exit.Usagef("--version: version %q: is not a valid label value: use at most %d characters, the first and last a letter or digit", opts.Version, validation.LabelValueMaxLength)
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
	if err != nil {
		return exit.Usagef("--production-overlay: %w", err)
	}
	return nil
}

// New returns a run. opts must have passed Check and now have an image.
func New(app description.Application, opts Options, env Environment) (*Run, error) {
	r, err := newRun(app, opts, env)
	if err != nil {
		return nil, err
	}
	r.introduce()
	return r, nil
}

// newRun checks what every kind of run needs.
func newRun(app description.Application, opts Options, env Environment) (*Run, error) {
	if err := CheckRun(opts.Run); err != nil {
		return nil, err
	}
	if err := checkAddress(opts.Address); err != nil {
		return nil, err
	}
	images, err := artifact.Of(app, opts.Image)
	if err != nil {
		return nil, err
	}
	for _, i := range images {
		if file, err := fs.Stat(env.Tree, i.File()); err != nil || file.IsDir() {
			return nil, exit.Usagef("--source: it has no %s", i.File())
		}
	}
	return &Run{app: app, opts: opts, env: env, images: images, journal: journal.Journal{Printer: env.Printer}}, nil
}

// checkAddress checks --address.
func checkAddress(address string) error {
	at, err := url.Parse(address)
	switch {
	case address == "":
		return nil
	case err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return exit.Usagef("--address %q: want scheme and host, as in https://shop.example.com or http://192.0.2.7:8080", address)
	case at.Port() != "" && !isPort(at.Port()):
		return exit.Usagef("--address %q: %s is no port", address, at.Port())
	case strings.Trim(at.Path, "/") != "":
		return exit.Usagef("--address %q: leave out the path, which the overlays have; where users see another one, say address.production in the description of the application", address)
	}
	return nil
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// introduce fills in the report what is known before the first stage.
func (r *Run) introduce() {
	in := r.env.Build
	if in == nil {
		in = r.env.Production
	}
	host, version := in.Server()
	r.report = report.Report{Run: r.opts.Run, Version: r.opts.Version, Image: r.images[0].Repo.String(), Commit: r.opts.Commit,
		Vendor: r.opts.Vendor, Branch: r.opts.Branch, Actor: r.opts.Actor, RunURL: r.opts.RunURL, Namespace: r.opts.Namespace, Cluster: host + " " + version, As: r.env.As, ProductionAs: r.env.ProductionAs, Engine: engine.Version}
}

// Preflight asks the cluster and the registry in parallel whether the run may do what
// it is about to do, and changes nothing: a refusal would otherwise come only after
// minutes of building. It returns what the server warns about.
func (r *Run) Preflight(ctx context.Context) (warnings []string, err error) {
	if err := r.opts.Evidence.NoToken; err != nil && r.attests() && !r.promotes {
		return nil, err
	}
	if err := r.opts.Evidence.Check(); err != nil && Reaches(r.opts.Until, "release") && !r.promotes {
		return nil, err
	}
	var checks errgroup.Group
	var said foreseen
	for _, i := range r.images {
		checks.Go(func() error {
			if err := r.env.Registry.Ping(ctx, i.Repo); err != nil {
				return err
			}
			if r.promotes {
				return nil
			}
			return r.tags("build").Foresee(ctx, i)
		})
	}
	if Reaches(r.opts.Until, "functional") && !r.promotes {
		checks.Go(func() error {
			if err := r.env.Build.CheckAccess(ctx, r.opts.BuildNamespace); err != nil {
				return err
			}
			return r.foreseeBeta(ctx, &said)
		})
	}
	if Reaches(r.opts.Until, "deploy") {
		checks.Go(func() error {
			if err := r.checkProduction(ctx); err != nil {
				return err
			}
			if err := r.foreseeSuperseded(ctx); err != nil || r.outdated != nil || r.unchanged != "" {
				return err
			}
			return r.foreseeProduction(ctx, &said)
		})
	}
	err = checks.Wait()
	if err == nil {
		err = said.refusal()
	}
	if err != nil {
		failure := exit.Explain(ctx, err, exit.Usage)
		if errors.Is(err, image.ErrUnreachable) || errors.Is(err, image.ErrDenied) {
			failure.Cause = "--image: " + failure.Cause
		}
		return nil, failure
	}
	if Reaches(r.opts.Until, "functional") {
		r.receipt = r.beginReceipt(ctx)
	}
	return said.all.Warnings, nil
}

// beginReceipt reads the state before the run.
func (r *Run) beginReceipt(ctx context.Context) *receipt.Receipt {
	return receipt.Begin(ctx, receipt.Scope{Run: r.opts.Run, Build: r.env.Build, Production: r.env.Production, BuildNamespace: r.opts.BuildNamespace, Namespace: r.opts.Namespace})
}

// checkProduction checks that production may be changed. If the credentials are only
// those of the build namespace, the error says which flag is missing.
func (r *Run) checkProduction(ctx context.Context) error {
	var more []cluster.Permission
	if reached, err := r.overlays().ProductionFront(r.images); err != nil {
		return err
	} else if reached.ByServiceAlone() {
		more = cluster.ToForward
	}
	err := r.env.Production.CheckAccess(ctx, r.opts.Namespace, more...)
	if known := (*cluster.Error)(nil); r.env.Production == r.env.Build && errors.As(err, &known) && known.Try != "" {
		known.Try += "; or give separate credentials for production with --production-kubeconfig"
	}
	return err
}
