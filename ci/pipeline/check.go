package pipeline

import (
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/image"
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
