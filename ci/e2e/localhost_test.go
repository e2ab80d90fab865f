package e2e

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnAddressThatMeansThisMachineIsReachedFromTheTests: as that of Docker Desktop.
func TestAnAddressThatMeansThisMachineIsReachedFromTheTests(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "localhost")
	r := w.hello(t, n.production)
	port := w.forwarded(t, w.node(t)+":80")
	done := w.pipeline(t, r, n, "--address", "http://localhost:"+port)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, allPassed, done.results())
	for _, address := range done.report.Addresses[1:] {
		require.Contains(t, address.URL, "http://localhost:"+port)
		require.Equal(t, "--address, as said, for the tests' containers http://outside.slipway:"+port+" through this process", address.FoundBy)
	}
}

// forwarded is a port of this machine that leads to an address.
func (w *world) forwarded(t *testing.T, to string) string {
	t.Helper()
	at := accepting(t, "tcp", "127.0.0.1:0", func(from net.Conn) {
		into, err := net.Dial("tcp", to)
		if err == nil {
			piped(from, into)
		}
	})
	_, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	return port
}

// accepting listens until the test ends, hands each connection over, which is closed after that, and returns where.
func accepting(t *testing.T, network, address string, carry func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				carry(connection)
			}()
		}
	}()
	return listener.Addr().String()
}

// piped copies both ways until to's side closes, and closes to.
func piped(from, to net.Conn) {
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, from)
		to.Close()
	}()
	_, _ = io.Copy(from, to)
}
