package engine

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
)

func TestTheCommandThatTheEngineBeganLastIsKnown(t *testing.T) {
	t.Parallel()
	log := &Log{}
	require.Empty(t, log.command())
	for _, text := range []string{"21  : ┆ \x1b[1mwithExec\x1b[0m /bin/sh -c 'go mod \x1b[33mdownload'\x1b[0m\n", "22  : ┆ Container.withExec DONE [1.0s]\n"} {
		_, err := log.Write([]byte(text))
		require.NoError(t, err)
	}
	require.Equal(t, "/bin/sh -c 'go mod download'", log.command())
}

func TestABuildWhoseImageCannotBeHadSaysWhatToLookAt(t *testing.T) {
	t.Parallel()
	failure := (&Session{}).Failure("the image does not build", errors.New("failed to convert Dockerfile to LLB: golang:1.2: not found"))
	require.Equal(t, "the image does not build: golang:1.2: not found", failure.Cause)
	require.Contains(t, failure.Try, "the image that FROM names")
	require.False(t, failure.Logged)
}

func TestAnEngineThatIsLostIsToldInOneLine(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		`returned error 502: {"data":null,"errors":[{"message":"http do: Post \"http://dagger/query\": unexpected EOF"}]}`: "unexpected EOF",
		`returned error 502: {"data":null,"errors":[{"message":"http do: Post \"http://dagger/query\": command [kubectl --context= exec -i a -- buildctl dial-stdio] has exited with exit status 137, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=command terminated with exit code 137\n"}]}`: "kubectl ended with exit status 137",
		`Post "http://dagger/query": dial tcp 127.0.0.1:40873: connect: connection refused`: "dial tcp 127.0.0.1:40873: connect: connection refused",
		`load xyz: inputs: engine is shutting down`:                                         "it is shutting down",
	} {
		s := &Session{}
		failure := s.Failure("build unit tests", errors.New(said))
		require.Equal(t, exit.Unreachable, failure.Code)
		require.Equal(t, "build unit tests: the engine was lost: "+want, failure.Cause)
		require.False(t, failure.Logged, "its log tells no more")
		require.True(t, s.Lost())
	}
}
