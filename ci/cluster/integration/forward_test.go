package integration

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
)

func TestForwardLeadsToAPodOfTheService(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	namespace := newNamespace(t, c)
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, app("", testImage(), "one")), apply.Options{})
	require.NoError(t, err)
	forward, err := reach.ForwardTo(within(t, time.Minute), c, namespace, "api", 8080, nil)
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
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, app("", testImage(), "one"))[2:3], apply.Options{})
	require.NoError(t, err)
	_, err = reach.ForwardTo(within(t, time.Second), c, namespace, "api", 8080, nil)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "no pod matches its selector app=api")
	_, err = reach.ForwardTo(within(t, time.Second), c, namespace, "api", 1, nil)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "has no port 1")
}
