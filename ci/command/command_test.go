package command

import (
	"bytes"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/goldentest"
)

// parse parses arguments as main does and returns what was printed.
func parse(t *testing.T, cli *commands, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	parser := newParser(cli, kong.Writers(&out, &out), kong.Exit(func(int) {}))
	_, err := parser.Parse(args)
	return out.String(), err
}

func TestHelpShowsEveryFlagWithItsVariableAndDefault(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	help := func(args ...string) string {
		text, _ := parse(t, &commands{}, append(args, "--help")...) // the error is that parsing goes on behind the help
		return text
	}
	goldentest.Require(t, "help.txt", help())
	require.Contains(t, help("rollback"), "--to=V")
	require.Contains(t, help("cleanup"), "--stale")
	require.Contains(t, help("bootstrap"), "--print")
}

func TestFlagsComeFromTheEnvironmentAndTheCommandLineWins(t *testing.T) {
	t.Setenv("SLIPWAY_UNTIL", "release")
	t.Setenv("SLIPWAY_BUILD_NAMESPACE", "elsewhere")
	t.Setenv("SLIPWAY_RUN", "42")
	var cli commands
	_, err := parse(t, &cli, "--until", "build")
	require.NoError(t, err)
	require.Equal(t, "build", cli.Until)
	require.Equal(t, "elsewhere", cli.BuildNamespace)
	require.Equal(t, "42", cli.RunID)
	require.NoError(t, cli.adopt(t.Context(), app.Application))
	require.Equal(t, app.Application.Name, cli.Namespace)
	require.Equal(t, "elsewhere", cli.BuildNamespace)
}

func TestBadUsageHasExitCodeTwoBeforeAnythingStarts(t *testing.T) {
	t.Setenv("PATH", "") // nothing could be started
	for name, args := range map[string][]string{
		"unknown flag":                 {"--untill", "build"},
		"unknown command":              {"deploy"},
		"unknown output":               {"--output", "xml"},
		"no such source":               {"--source", "/nowhere"},
		"image without a cluster":      {"--version", "v1", "--image", "example.com/a"},
		"cluster without an image":     {"--version", "v1", "--kubeconfig", "/nowhere"},
		"cleanup of nothing named":     {"cleanup"},
		"cleanup of one and of all":    {"cleanup", "--run", "a", "--stale"},
		"cleanup of what is no run id": {"cleanup", "--run", "A B"},
		"cleanup of a run and images":  {"cleanup", "--run", "a", "--images"},
		"cleanup of stale and images":  {"cleanup", "--stale", "--images"},
		"age without images":           {"cleanup", "--stale", "--older", "14d"},
		"number without images":        {"cleanup", "--run", "a", "--keep", "3"},
		"plan without images":          {"cleanup", "--stale", "--plan"},
		"an age that is none":          {"cleanup", "--images", "--older", "14"},
		"an age before now":            {"cleanup", "--images", "--older", "-2d"},
		"a number below none":          {"cleanup", "--images", "--keep", "-1"},
		"status of unknown output":     {"status", "--output", "xml"},
		"plan of unknown output":       {"plan", "--output", "xml"},
		"diff of one version":          {"diff", "v1"},
		"diff of unknown output":       {"diff", "v1", "v2", "--output", "xml"},
		"history since what is none":   {"history", "--since", "yesterday"},
		"history since long before":    {"history", "--since", "99999999d"},
		"history of unknown output":    {"history", "--output", "xml", "--json"},
	} {
		require.Equal(t, exit.Usage, Main(app.Application, args), name)
	}
}
