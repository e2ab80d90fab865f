package pipeline

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCommandThatTheEngineBeganLastIsKnown(t *testing.T) {
	t.Parallel()
	log := &EngineLog{}
	require.Empty(t, log.command())
	for _, text := range []string{"21  : ┆ \x1b[1mwithExec\x1b[0m /bin/sh -c 'go mod \x1b[33mdownload'\x1b[0m\n", "22  : ┆ Container.withExec DONE [1.0s]\n"} {
		_, err := log.Write([]byte(text))
		require.NoError(t, err)
	}
	require.Equal(t, "/bin/sh -c 'go mod download'", log.command())
}

func TestABuildWhoseImageCannotBeHadSaysWhatToLookAt(t *testing.T) {
	t.Parallel()
	failure := (&Run{}).engineFailure("the image does not build", errors.New("failed to convert Dockerfile to LLB: golang:1.2: not found"))
	require.Equal(t, "the image does not build: golang:1.2: not found", failure.Cause)
	require.Contains(t, failure.Try, "the image that FROM names")
	require.False(t, failure.logged)
}
