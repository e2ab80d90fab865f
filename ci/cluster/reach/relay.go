package reach

import (
	"context"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Relay carries connections to a port of 127.0.0.1 to the host at which an address is
// dialled, for containers that know only the name.
type Relay struct {
	Host      string // the name
	Port      int    // that the address has: 80 or 443
	LocalPort int

	listener net.Listener
	stop     context.CancelFunc
	open     sync.WaitGroup
}

// RelayTo opens a relay to an address whose name DNS does not know; nil where the URL says
// how to get there.
func RelayTo(ctx context.Context, c *cluster.Cluster, a Address) (*Relay, error) {
	at, err := url.Parse(a.URL)
	if err != nil || a.Dial == "" {
		return nil, err
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, at.Hostname()); err == nil {
		return nil, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	out := &Relay{Host: at.Hostname(), Port: 80, LocalPort: listener.Addr().(*net.TCPAddr).Port, listener: listener}
	if at.Scheme == "https" {
		out.Port = 443
	}
	ctx, out.stop = context.WithCancel(context.WithoutCancel(ctx))
	address := net.JoinHostPort(a.Dial, strconv.Itoa(out.Port))
	out.open.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			out.open.Go(func() { carry(ctx, c.DialContext, connection, address) })
		}
	})
	return out, nil
}

// carry copies both ways until one side closes or ctx is over.
func carry(ctx context.Context, dial dialer, from net.Conn, address string) {
	defer from.Close()
	to, err := dial(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	defer context.AfterFunc(ctx, func() { from.Close(); to.Close() })()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(from, to)
		from.Close()
	}()
	_, _ = io.Copy(to, from)
	to.Close()
	<-back
}

// Close ends the relay and returns when its port is free again. A nil relay is closed.
func (r *Relay) Close() {
	if r == nil {
		return
	}
	r.listener.Close()
	r.stop()
	r.open.Wait()
}
