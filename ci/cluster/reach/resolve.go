package reach

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// dialerOf connects as the cluster's own connections do. A name that this machine's resolver
// does not know is asked of the name servers of its zone: the name of a new load balancer is
// there minutes before caches on the way forget that it was not.
func dialerOf(c *cluster.Cluster) dialer {
	known := &resolver{system: net.DefaultResolver, port: "53"}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := c.DialContext(ctx, network, address)
		unknown, ok := errors.AsType[*net.DNSError](err)
		if !ok || !unknown.IsNotFound {
			return connection, err
		}
		host, port, splits := net.SplitHostPort(address)
		if splits != nil {
			return nil, err
		}
		for _, ip := range known.authoritative(ctx, host) {
			if connection, failed := c.DialContext(ctx, network, net.JoinHostPort(ip, port)); failed == nil {
				return connection, nil
			}
		}
		return nil, err
	}
}

// resolver asks name servers.
type resolver struct {
	system *net.Resolver
	port   string // of name servers
}

// serverTime is how long a name server may take to answer.
const serverTime = time.Second

// authoritative returns the addresses that the name servers of a name's own zone know, or
// none; it asks them directly, and no cache.
func (r *resolver) authoritative(ctx context.Context, name string) []string {
	for zone := name; strings.Contains(zone, "."); _, zone, _ = strings.Cut(zone, ".") {
		servers, err := r.system.LookupNS(ctx, zone+".")
		if err != nil || len(servers) == 0 {
			continue
		}
		for _, server := range servers {
			direct := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{Timeout: serverTime, Resolver: r.system}).DialContext(ctx, network, net.JoinHostPort(server.Host, r.port))
			}}
			if found, err := direct.LookupHost(ctx, name+"."); err == nil {
				return found
			}
		}
		return nil
	}
	return nil
}
