package reach

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Relay carries connections to a port of 127.0.0.1 to where an address is, for containers
// that could not get there.
type Relay struct {
	Host      string // by which containers are to know it
	Port      int    // that the address has
	LocalPort int
	URL       string // of the address, with that host

	listener net.Listener
	stop     context.CancelFunc
	open     sync.WaitGroup
}

// outside is the name that this machine gets in containers, in which localhost is another.
const outside = "outside.slipway"

// RelayTo opens a relay to an address whose name DNS does not know, or that means this
// machine itself; nil where containers get there by themselves.
func RelayTo(ctx context.Context, c *cluster.Cluster, a Address) (*Relay, error) {
	at, err := url.Parse(a.URL)
	if err != nil {
		return nil, err
	}
	host, to := at.Hostname(), cmp.Or(a.Dial, at.Hostname())
	switch ip := net.ParseIP(host); {
	case host == "localhost" || ip != nil && ip.IsLoopback():
		host = outside
	case ip != nil:
		return nil, nil
	case leadsTo(ctx, host, to):
		return nil, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	out := &Relay{Host: host, Port: portOf(at), LocalPort: listener.Addr().(*net.TCPAddr).Port, listener: listener}
	out.URL = schemed(at.Scheme == "https", host, int32(out.Port))
	ctx, out.stop = context.WithCancel(context.WithoutCancel(ctx))
	address, dial := net.JoinHostPort(to, strconv.Itoa(out.Port)), dialerOf(c)
	out.open.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			out.open.Go(func() { carry(ctx, dial, connection, address) })
		}
	})
	return out, nil
}

// leadsTo reports whether containers that look a host up get to where it is dialled. They do
// not where it is unknown, or another's (DNS while users move), or their own loopback.
func leadsTo(ctx context.Context, host, to string) bool {
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil || len(found) == 0 || net.ParseIP(found[0]).IsLoopback() {
		return false
	}
	wanted, err := net.DefaultResolver.LookupHost(ctx, to)
	return err == nil && slices.ContainsFunc(wanted, func(ip string) bool { return slices.Contains(found, ip) })
}

func portOf(at *url.URL) int {
	port, err := strconv.Atoi(at.Port())
	switch {
	case err == nil:
		return port
	case at.Scheme == "https":
		return 443
	}
	return 80
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
