package integration

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
)

const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api}
spec:
  ingressClassName: of-no-controller
  rules: [{http: {paths: [{path: /demo, pathType: Prefix, backend: {service: {name: api, port: {number: 8080}}}}]}}]`

// publish does what an ingress controller does.
func publish(t *testing.T, c *cluster.Cluster, namespace, ip string) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, ip)
	_, err := c.Typed.NetworkingV1().Ingresses(namespace).Patch(t.Context(), "api", "application/merge-patch+json", patch, metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}

// addressOf finds the one address that there is.
func addressOf(ctx context.Context, c *cluster.Cluster, wanted reach.Wanted) (reach.Address, error) {
	found, err := reach.AddressesOf(ctx, c, wanted)
	if err != nil {
		return reach.Address{}, err
	}
	return found[0], nil
}

func TestAddressCountsOnlyOnceItHasAnswered(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= 3 || r.URL.Path != "/demo/health" {
			w.WriteHeader(http.StatusNotFound) // as controllers do before they have read the Ingress
		}
	}))
	defer server.Close()
	c := connectWith(t, cluster.Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		require.Equal(t, "192.0.2.7:80", address)
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}})
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, ingress)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	time.AfterFunc(300*time.Millisecond, func() { publish(t, c, namespace, "192.0.2.7") })
	address, err := addressOf(within(t, 10*time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health"})
	require.NoError(t, err)
	require.Equal(t, reach.Address{URL: "http://192.0.2.7", FoundBy: "Ingress " + namespace + "/api, ip in its status"}, address)
	require.GreaterOrEqual(t, asked.Load(), int32(6))
}

func TestAddressSaysWhatWasTried(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	c := connectWith(t, cluster.Config{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}})
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, ingress)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	_, err = addressOf(within(t, time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health"})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "it has no address in its status")

	publish(t, c, namespace, "192.0.2.7")
	_, err = addressOf(within(t, time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health"})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "GET http://192.0.2.7/demo/health: 404 Not Found")
	_, err = addressOf(within(t, time.Second), c, reach.Wanted{Objects: wanted, Service: "other", Path: "/demo"})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "nothing among the objects leads users to Service other at /demo")
}

func TestAHostThatDNSDoesNotKnowIsAskedAtThePublishedAddress(t *testing.T) {
	t.Parallel()
	var serves atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !serves.Load() || r.Host != "shop.example" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	c := connectWith(t, cluster.Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		require.Equal(t, "192.0.2.7:80", address)
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}})
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, strings.Replace(ingress, "{http:", "{host: shop.example, http:", 1))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	time.AfterFunc(3*time.Second, func() { publish(t, c, namespace, "192.0.2.7") })
	time.AfterFunc(8*time.Second, func() { serves.Store(true) })
	var heard []string
	address, err := addressOf(within(t, 30*time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health", Progress: func(object, state string) { heard = append(heard, object+": "+state) }})
	require.NoError(t, err)
	found := "Ingress " + namespace + "/api"
	require.Equal(t, reach.Address{URL: "http://shop.example", Dial: "192.0.2.7", FoundBy: found + ", host in its rule, dialled at 192.0.2.7"}, address)
	require.Equal(t, []string{found + ": it has no address in its status", found + ": GET http://shop.example/demo/health at 192.0.2.7: 404 Not Found", found + ": ready"}, heard)
}
