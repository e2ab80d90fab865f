package e2e

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestUsersMoveFromAnIngressToAGatewayWithoutAFailedRequest: by the Ingress alone, by both
// at once, by the HTTPRoute alone; each a commit that is shipped while users ask.
func TestUsersMoveFromAnIngressToAGatewayWithoutAFailedRequest(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "gateway")
	r := w.newRepository(t, n.production)
	r.edit("kustomize/base/deployment.yaml", "{name: DRAIN_DELAY, value: 0s}", "{name: DRAIN_DELAY, value: 2s}") // these users do ask
	r.edit("kustomize/components/gateway/httproute.yaml", "/demo", "/"+n.production)
	r.commit()
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	require.Equal(t, []string{"Ingress"}, kindsOf(first, "production"))
	users := w.ask(t, first)

	for _, overlay := range []string{"beta", "production"} {
		r.edit("kustomize/overlays/"+overlay+"/kustomization.yaml", "resources:\n- ../../base\n", "components:\n- ../../components/gateway\nresources:\n- ../../base\n")
	}
	r.commit()
	both := w.pipeline(t, r, n)
	require.Equal(t, 0, both.code, both.stdout+both.stderr)
	require.Equal(t, []string{"Ingress", "HTTPRoute"}, kindsOf(both, "production"), "the tests ran at the last")
	require.Equal(t, []string{"Service", "Ingress", "HTTPRoute"}, kindsOf(both, "functional"))

	r.edit("kustomize/base/kustomization.yaml", "- ingress.yaml\n", "")
	r.commit()
	moved := w.pipeline(t, r, n)
	require.Equal(t, 0, moved.code, moved.stdout+moved.stderr)
	require.Equal(t, []string{"HTTPRoute"}, kindsOf(moved, "production"))
	require.Equal(t, r.version(), w.productionVersion(t, moved))
	users.requireServed(t)
}

// kindsOf are the kinds of objects by which a stage found its addresses.
func kindsOf(done ended, stage string) (kinds []string) {
	for _, address := range done.report.Addresses {
		if address.Stage == stage {
			kind, _, _ := strings.Cut(strings.TrimPrefix(address.FoundBy, "port-forward to "), " ")
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// users ask production again and again, each time by a new connection.
type users struct {
	stop   context.CancelFunc
	done   sync.WaitGroup
	asked  int
	failed []string
}

// ask begins to ask production, twenty times a second.
func (w *world) ask(t *testing.T, done ended) *users {
	t.Helper()
	url := ""
	for _, address := range done.report.Addresses {
		if address.Stage == "production" {
			url = address.URL
		}
	}
	require.NotEmpty(t, url)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: w.dial, DisableKeepAlives: true}}
	ctx, stop := context.WithCancel(t.Context())
	u := &users{stop: stop}
	u.done.Go(func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
				return
			}
			u.asked++
			response, err := client.Get(url + "/version")
			if err != nil {
				u.failed = append(u.failed, time.Now().UTC().Format("15:04:05.000 ")+err.Error())
				continue
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				u.failed = append(u.failed, time.Now().UTC().Format("15:04:05.000 ")+response.Status)
			}
		}
	})
	t.Cleanup(func() { stop(); u.done.Wait() })
	return u
}

func (u *users) requireServed(t *testing.T) {
	t.Helper()
	u.stop()
	u.done.Wait()
	t.Logf("%d requests, %d failed", u.asked, len(u.failed))
	require.Empty(t, u.failed)
	require.Greater(t, u.asked, 100)
}

// dial connects to an address of the sandbox from this host.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if at, ok := w.Dial[address]; ok {
		address = at
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}
