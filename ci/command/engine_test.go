package command

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/exit"
)

func TestABadReferenceToAnEngineIsAUsageErrorOfEveryCommand(t *testing.T) {
	t.Setenv("PATH", "") // nothing could be started
	t.Setenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST", "")
	t.Setenv("SLIPWAY_ENGINE", "ssh://host")
	for _, command := range []string{"run", "plan", "status", "rollback", "recover", "cleanup", "init"} {
		err := Run(t.Context(), app.Application, []string{command}, Host{})
		require.Equal(t, exit.Usage, Code(t.Context(), err), command)
		require.ErrorContains(t, err, `--engine "ssh://host": has no scheme that is known here`)
	}
	t.Setenv("SLIPWAY_ENGINE", "tcp://host:1")
	t.Setenv("DAGGER_SESSION_PORT", "1234")
	err := Run(t.Context(), app.Application, nil, Host{})
	require.Equal(t, exit.Usage, Code(t.Context(), err))
	require.ErrorContains(t, err, "runs in a session of an engine, and uses that one")
	require.Empty(t, os.Getenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST"))
}
