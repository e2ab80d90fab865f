package settings

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/slipway-cd/slipway/ci/exit"
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

// Check returns a usage error that names the flag if a version cannot be released under that name.
func (o Options) Check() error {
	if err := image.CheckTag(o.Version); err != nil {
		return exit.Usagef("--version: %w", err)
	}
	if image.Reserved(o.Version) {
		return exit.Usagef("--version %s: the pipeline moves this tag by itself: choose another version", o.Version)
	}
	if len(validation.IsValidLabelValue(o.Version)) > 0 {
		return exit.Usagef("--version: version %q: is not a valid label value: use at most %d characters, the first and last a letter or digit", o.Version, validation.LabelValueMaxLength)
	}
	return nil
}

// CheckAddress checks --address.
func CheckAddress(address string) error {
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
