package reach

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// unknown is what a resolver says of a name that it does not know.
func unknown(name string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}}
}

// network dials what it knows of; what it does not know does not resolve.
func network(known map[string]string) dialer {
	return func(ctx context.Context, kind, address string) (net.Conn, error) {
		at, ok := known[address]
		if !ok {
			host, _, _ := net.SplitHostPort(address)
			return nil, unknown(host)
		}
		return new(net.Dialer).DialContext(ctx, kind, at)
	}
}

// unused is a port that refuses connections.
func unused(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestThePublishedAddressIsAskedForTheRulesHost(t *testing.T) {
	t.Parallel()
	var asked, named atomic.Value
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.Host) })
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		named.Store(hello.ServerName)
		return nil, nil
	}}
	server.StartTLS()
	defer server.Close()
	p := newProbe(network(map[string]string{"192.0.2.7:443": server.Listener.Addr().String()}), "https://example.com/health", "192.0.2.7")
	p.client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig // trusts its certificate, for example.com
	by, _, err := answers(t.Context(), nil, []probe{p}, nil, nil)
	require.NoError(t, err)
	require.Zero(t, by)
	require.Equal(t, "example.com", asked.Load())
	require.Equal(t, "example.com", named.Load())
}

func TestTheNameIsAskedWhereNothingAnswersAtThePublishedAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	dial := network(map[string]string{"192.0.2.7:80": unused(t), "shop.example:80": server.Listener.Addr().String()})
	by, _, err := answers(t.Context(), nil, []probe{newProbe(dial, "http://shop.example/", "192.0.2.7"), newProbe(dial, "http://shop.example/", "")}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, 1, by)
}

func TestANoticeIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	changed := make(chan struct{}, 1)
	changed <- struct{}{}
	_, _, err := answers(t.Context(), changed, []probe{newProbe(network(nil), "http://192.0.2.7/", "")}, nil, nil)
	require.ErrorIs(t, err, errNoAnswer)
	require.Empty(t, changed, "addresses that do not answer would be asked in a busy loop")
}

func TestTheErrorSaysWhatCameBackAndWhomToAsk(t *testing.T) {
	t.Parallel()
	moved := httptest.NewServer(http.RedirectHandler("https://shop.example/", http.StatusMovedPermanently))
	defer moved.Close()
	const host = "http://shop.example/health"
	byHost := []Address{{URL: "http://shop.example", Dial: "192.0.2.7"}, {URL: "http://shop.example"}}
	for name, c := range map[string]struct {
		addresses  []Address
		known      map[string]string
		cause, try string
	}{
		"DNS alone lacks the name of what cannot be reached": {byHost, map[string]string{"192.0.2.7:80": unused(t)},
			"connection refused; GET " + host + ": the name shop.example does not resolve: no such host",
			"the controller published 192.0.2.7, which cannot be reached from here, and the name shop.example does not resolve: make a DNS record that leads it to where users get in"},
		"nothing there": {[]Address{{URL: "http://192.0.2.7"}}, map[string]string{"192.0.2.7:80": unused(t)},
			"connection refused", "check that 192.0.2.7, which the controller published, can be reached from here"},
		"a load balancer that DNS does not know yet": {[]Address{{URL: "http://lb.example"}}, nil,
			"GET http://lb.example/health: the name lb.example does not resolve: no such host",
			"the controller published lb.example, a name that does not resolve here: check its DNS record, or the resolver of this machine"},
		"another answer": {byHost, map[string]string{"192.0.2.7:80": moved.Listener.Addr().String()},
			"GET " + host + " at 192.0.2.7: 301 Moved Permanently to https://shop.example/",
			"something answers at 192.0.2.7, which the controller published: check that it has taken these rules, and health in the description of the application"},
	} {
		ctx := soon(t)
		var probes []probe
		for _, a := range c.addresses {
			probes = append(probes, newProbe(network(c.known), a.URL+"/health", a.Dial))
		}
		heard := ""
		_, tried, err := answers(ctx, nil, probes, nil, func(text string) { heard = text })
		require.Error(t, err, name)
		failed := noAddress(ctx, nil, entrance{name: "Ingress shop/web"}, attempt{addresses: c.addresses, answers: tried}).(*cluster.Error)
		require.Equal(t, cluster.NoAddress, failed.Class, name)
		require.Contains(t, failed.Cause, c.cause, name)
		require.Contains(t, failed.Cause, heard, name)
		require.Equal(t, c.try, failed.Try, name)
	}
}

func TestAnAddressThatAcceptsAndSaysNothingIsToldAsSuch(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	got := newProbe(network(map[string]string{"192.0.2.7:80": listener.Addr().String()}), "http://192.0.2.7/", "").ask(t.Context())
	require.Equal(t, "GET http://192.0.2.7/: no answer within 2s", got.text)
}

func TestAnAddressCountsOnceTheVersionWantedAnswersThere(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/base/version":
		case asked.Add(1) <= 2:
			_, _ = w.Write([]byte("{\"version\": \"7-gabc-dirty\"}\n"))
		default:
			_, _ = w.Write([]byte("{\"version\": \"7-gabc\"}\n"))
		}
	}))
	t.Cleanup(server.Close)
	wanted := Wanted{Path: "/base/health", Health: "/health", VersionPath: "/version", Version: "7-gabc"}
	probes := probesOf(nil, []Address{{URL: server.URL}}, []string{wanted.Path}, wanted)
	probes[0].dial = new(net.Dialer).DialContext
	probes[0].client = server.Client()
	var heard []string
	_, _, err := answers(soon(t), nil, probes, nil, func(text string) { heard = append(heard, text) })
	require.NoError(t, err)
	require.Len(t, heard, 2)
	require.Equal(t, "GET "+server.URL+`/base/version: another version answers: {"version": "7-gabc-dirty"}`, heard[0])
}
