package integration

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// faults stands before the real API server and makes it refuse, cut and put off
// what comes through.
type faults struct {
	t       *testing.T
	behind  http.Handler
	server  *httptest.Server
	path    string       // of a kubeconfig that leads through it
	answers atomic.Int32 // status to answer with instead, 0 for none
	seen    atomic.Int64 // requests that came through, or were answered instead
}

// throughFaults returns a connection to the tests' cluster that leads through faults.
func throughFaults(t *testing.T) (*cluster.Cluster, *faults) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("SLIPWAY_TEST_KUBECONFIG"))
	require.NoError(t, err)
	target, err := url.Parse(config.Host)
	require.NoError(t, err)
	transport, err := rest.TransportFor(config)
	require.NoError(t, err)
	f := &faults{t: t, behind: &httputil.ReverseProxy{Transport: transport, FlushInterval: -1,
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { panic(http.ErrAbortHandler) }}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.serve(listener)
	t.Cleanup(func() { f.gone() })

	file := clientcmdapi.NewConfig()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})
	file.Clusters["c"] = &clientcmdapi.Cluster{Server: f.server.URL, CertificateAuthorityData: certificate}
	file.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	file.CurrentContext = "c"
	f.path = filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*file, f.path))
	c, err := cluster.Connect(t.Context(), cluster.Config{Kubeconfig: f.path, UserAgent: "slipway-test"})
	require.NoError(t, err)
	return c, f
}

func (f *faults) serve(listener net.Listener) {
	f.server = httptest.NewUnstartedServer(f)
	f.server.Listener.Close()
	f.server.Listener, f.server.EnableHTTP2 = listener, true
	f.server.StartTLS()
}

// ServeHTTP implements http.Handler.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.seen.Add(1)
	if status := f.answers.Load(); status != 0 {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(int(status))
		return
	}
	f.behind.ServeHTTP(w, r)
}

// cut closes all connections; new ones are accepted.
func (f *faults) cut() { f.server.CloseClientConnections() }

// gone makes the server one that is not there, until back is called.
func (f *faults) gone() {
	f.server.Listener.Close()
	f.server.CloseClientConnections()
	f.server.Close()
}

func (f *faults) back() {
	listener, err := net.Listen("tcp", f.server.Listener.Addr().String())
	require.NoError(f.t, err)
	f.serve(listener)
}

// goneFor makes it one that is not there for a while.
func (f *faults) goneFor(d time.Duration) (over chan struct{}) {
	over = make(chan struct{})
	f.gone()
	time.AfterFunc(d, func() {
		f.back()
		close(over)
	})
	return over
}
