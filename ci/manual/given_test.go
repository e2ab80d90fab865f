package manual

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func TestGivenFlagsAreAsAShellTakesThemAgain(t *testing.T) {
	t.Setenv("GIVEN_IMAGE", "registry.example.com/app")
	var cli struct {
		Source, Image, Until string
		Leave                []string `sep:"none"`
		Kubeconfigs          map[string]string
		Keyless              bool
		Run                  struct{} `cmd:"" default:"1"`
	}
	parser, err := kong.New(&cli, kong.DefaultEnvars("GIVEN"))
	require.NoError(t, err)
	parsed, err := parser.Parse([]string{"--source", "../it's here", "--until=staging", "--keyless", "--kubeconfigs=eu=eu.conf;us=us.conf"})
	require.NoError(t, err)
	require.Equal(t, "registry.example.com/app", cli.Image)
	require.Equal(t, []string{`--source='../it'\''s here'`, "--keyless", "--kubeconfigs='eu=eu.conf;us=us.conf'"}, Given(parsed, "until"))
}
