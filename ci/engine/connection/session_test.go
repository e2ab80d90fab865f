package connection

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/trace"
	"github.com/slipway-cd/slipway/ci/trace/tracetest"
)

func TestAnEngineSessionEndsSoonAlthoughTheCollectorIsSilent(t *testing.T) {
	if os.Getenv("SLIPWAY_TEST_ENGINE") == "" {
		t.Skip("SLIPWAY_TEST_ENGINE is not set: it needs the sandbox's engine, `. <(go run ./ci sandbox env)`")
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	tracetest.Ask(t, "http://"+silent.Addr().String())
	client, err := Open(t.Context(), io.Discard)
	require.NoError(t, err)
	_, err = client.Container().Sync(t.Context()) // something to export
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, client.Close())
	require.Less(t, time.Since(start), 3*trace.FlushTime)
}
