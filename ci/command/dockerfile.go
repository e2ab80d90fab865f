package command

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

// stage finds the named stages of a Dockerfile
// (https://docs.docker.com/reference/dockerfile/#from).
var stage = regexp.MustCompile(`(?im)^[ \t]*FROM[ \t].*[ \t]AS[ \t]+(\S+)`)

// findTargets leaves out the checks and tests that an application would have by convention
// and whose stage its Dockerfile has not. A stage that it names itself must be there. A
// Dockerfile that cannot be read is left for others to tell of.
func findTargets(app *pipeline.Application, tree fs.FS) error {
	content, err := fs.ReadFile(tree, app.Dockerfile)
	if err != nil {
		return nil
	}
	var stages []string
	for _, match := range stage.FindAllStringSubmatch(string(content), -1) {
		stages = append(stages, strings.ToLower(match[1]))
	}
	for _, target := range []struct {
		field, convention string
		name              *string
	}{
		{"checkTarget", conventions.CheckTarget, &app.CheckTarget},
		{"unitTarget", conventions.UnitTarget, &app.UnitTarget},
		{"testTarget", conventions.TestTarget, &app.TestTarget},
	} {
		switch {
		case *target.name == "" || slices.Contains(stages, strings.ToLower(*target.name)):
		case *target.name != target.convention:
			return pipeline.Usage("--source: %s: %s has no stage %q%s", target.field, app.Dockerfile, *target.name, namely(stages))
		default:
			*target.name = ""
		}
	}
	if app.TestTarget == "" && len(app.Functional)+len(app.Production) > 0 {
		return pipeline.Usage("--source: functional, production: %s has no stage %q, whose image would hold these commands%s", app.Dockerfile, conventions.TestTarget, namely(stages))
	}
	return nil
}

func namely(stages []string) string {
	if len(stages) == 0 {
		return ", nor any other that is named"
	}
	return "; it has " + strings.Join(stages, ", ")
}
