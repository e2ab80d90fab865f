package cluster

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestForwardLeadsToAPodOfTheService(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	namespace := newNamespace(t, c)
	_, err := c.Apply(t.Context(), Objects(t, namespace, app("", testImage(), "one")), ApplyOptions{})
	require.NoError(t, err)
	forward, err := c.Forward(within(t, time.Minute), namespace, "api", 8080)
	require.NoError(t, err)
	url := fmt.Sprintf("http://127.0.0.1:%d/health", forward.LocalPort)
	require.Eventually(t, func() bool { // the container has no probe: it may be ready before it listens
		response, err := http.Get(url)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil
	}, 10*time.Second, 50*time.Millisecond)
	forward.Close()
	_, err = http.Get(url)
	require.Error(t, err, "the port is closed")
}

func TestForwardWithoutAReadyPodIsNoAddress(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := c.Apply(t.Context(), Objects(t, namespace, app("", testImage(), "one"))[2:3], ApplyOptions{})
	require.NoError(t, err)
	_, err = c.Forward(within(t, time.Second), namespace, "api", 8080)
	require.ErrorContains(t, RequireClass(t, err, NoAddress), "no pod behind it is ready")
	_, err = c.Forward(within(t, time.Second), namespace, "api", 1)
	require.ErrorContains(t, RequireClass(t, err, Misconfigured), "has no port 1")
}
