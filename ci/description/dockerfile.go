package description

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// stage finds the named stages of a Dockerfile
// (https://docs.docker.com/reference/dockerfile/#from).
var stage = regexp.MustCompile(`(?im)^[ \t]*FROM[ \t].*[ \t]AS[ \t]+(\S+)`)

// Stages returns the names of a Dockerfile's stages, in lower case.
func Stages(content []byte) (stages []string) {
	for _, match := range stage.FindAllSubmatch(content, -1) {
		stages = append(stages, strings.ToLower(string(match[1])))
	}
	return stages
}

// findTargets leaves out the checks and tests that an application would have by convention
// and whose stage its Dockerfile has not. A stage that it names itself must be there. A
// Dockerfile that cannot be read is left for others to tell of.
func (a *Application) findTargets(tree fs.FS) error {
	content, err := fs.ReadFile(tree, a.Images[0].File())
	if err != nil {
		return nil
	}
	stages := Stages(content)
	a.TestTarget = cmp.Or(a.TestTarget, conventions.TestTarget)
	for _, target := range []struct {
		field, convention string
		name              *string
	}{
		{"checkTarget", conventions.CheckTarget, &a.CheckTarget},
		{"unitTarget", conventions.UnitTarget, &a.UnitTarget},
		{"testTarget", conventions.TestTarget, &a.TestTarget},
	} {
		switch {
		case *target.name == "" || slices.Contains(stages, strings.ToLower(*target.name)):
		case *target.name != target.convention:
			return fmt.Errorf("%s: %s has no stage %q%s", target.field, a.Images[0].File(), *target.name, namely(stages))
		default:
			*target.name = ""
		}
	}
	if a.TestTarget == "" && len(a.Functional)+len(a.Production) > 0 {
		return fmt.Errorf("functional, production: %s has no stage %q, whose image would hold these commands%s", a.Images[0].File(), conventions.TestTarget, namely(stages))
	}
	return nil
}

// hasStage checks that the Dockerfile, if it can be read, has the stage that is to be built.
func (b Build) hasStage(tree fs.FS) error {
	content, err := fs.ReadFile(tree, b.File())
	if stages := Stages(content); err == nil && b.Target != "" && !slices.Contains(stages, strings.ToLower(b.Target)) {
		return fmt.Errorf("%s has no stage %q%s", b.File(), b.Target, namely(stages))
	}
	return nil
}

func namely(stages []string) string {
	if len(stages) == 0 {
		return ", nor any other that is named"
	}
	return "; it has " + strings.Join(stages, ", ")
}
