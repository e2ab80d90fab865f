package e2e

import (
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// proxy stands between the program and the API server, which all tests share and
// none may stop, and can be away for a while.
type proxy struct {
	to string

	mutex sync.Mutex
	until time.Time // connections are closed at once
	open  map[net.Conn]bool
	cut   int
}

// proxy leads the accounts that the program keeps for these namespaces through a proxy.
func (w *world) proxy(t *testing.T, n namespaces) *proxy {
	t.Helper()
	kept := w.kept(t, n)
	require.Len(t, kept, 2)
	p := &proxy{open: map[net.Conn]bool{}}
	at := accepting(t, "tcp", "127.0.0.1:0", p.carry)
	for _, file := range kept {
		config, err := clientcmd.LoadFromFile(file)
		require.NoError(t, err)
		for _, cluster := range config.Clusters {
			server, err := url.Parse(cluster.Server)
			require.NoError(t, err)
			p.to, server.Host = server.Host, at
			cluster.Server = server.String()
		}
		require.NoError(t, clientcmd.WriteToFile(*config, file))
	}
	return p
}

func (p *proxy) carry(from net.Conn) {
	to, err := net.Dial("tcp", p.to)
	if err != nil || !p.add(from) {
		return
	}
	piped(from, to)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.open, from)
}

// add keeps a connection, unless the server is away.
func (p *proxy) add(from net.Conn) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if time.Now().Before(p.until) {
		return false
	}
	p.open[from] = true
	return true
}

// cutAt cuts all connections at the first line that begins so, and takes none for a while.
func (p *proxy) cutAt(at string, away time.Duration) func(*os.Process, string) {
	var once sync.Once
	return func(_ *os.Process, line string) {
		if !strings.HasPrefix(line, at) {
			return
		}
		once.Do(func() {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			p.until = time.Now().Add(away)
			for connection := range p.open {
				connection.Close()
				p.cut++
			}
		})
	}
}

// wasCut reports whether a connection was cut since the last call.
func (p *proxy) wasCut() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	was := p.cut > 0
	p.cut = 0
	return was
}
