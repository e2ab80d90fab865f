package command

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

func TestChecksAndTestsAreThoseThatTheDockerfileHas(t *testing.T) {
	t.Parallel()
	tests := []string{"/tests"}
	for name, c := range map[string]struct {
		dockerfile string
		change     func(*pipeline.Application)
		targets    []string
		error      string
	}{
		"none":                        {dockerfile: "FROM scratch\n", targets: []string{"", "", ""}},
		"all, however written":        {dockerfile: "FROM --platform=$BUILDPLATFORM go AS Check\nfrom check as unit\n  FROM unit\tAS test\nFROM scratch\n", targets: []string{"check", "unit", "test"}},
		"a comment is no stage":       {dockerfile: "# FROM go AS check\nFROM scratch\n", targets: []string{"", "", ""}},
		"one of its own name":         {dockerfile: "FROM go AS lint\n", change: func(a *pipeline.Application) { a.CheckTarget = "lint" }, targets: []string{"lint", "", ""}},
		"one that is not there":       {dockerfile: "FROM go AS lint\nFROM go AS two\n", change: func(a *pipeline.Application) { a.UnitTarget = "units" }, error: `--source: unitTarget: Dockerfile has no stage "units"; it has lint, two`},
		"commands without a stage":    {dockerfile: "FROM scratch\n", change: func(a *pipeline.Application) { a.Functional = tests }, error: `--source: functional, production: Dockerfile has no stage "test", whose image would hold these commands, nor any other that is named`},
		"commands with their stage":   {dockerfile: "FROM go AS test\n", change: func(a *pipeline.Application) { a.Production = tests }, targets: []string{"", "", "test"}},
		"a Dockerfile somewhere else": {change: func(a *pipeline.Application) { a.Dockerfile = "none" }, targets: []string{"check", "unit", "test"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := conventions
			if c.change != nil {
				c.change(&app)
			}
			err := findTargets(&app, fstest.MapFS{"Dockerfile": {Data: []byte(c.dockerfile)}})
			if c.error != "" {
				require.EqualError(t, err, c.error)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.targets, []string{app.CheckTarget, app.UnitTarget, app.TestTarget})
		})
	}
}
