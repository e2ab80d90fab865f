package reach

import (
	"context"
	"net"
	"net/url"
	"strconv"

	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/route"
)

// saidAddress is one that somebody has said.
type saidAddress struct{ place }

func (saidAddress) follow(context.Context, *informer.Watcher) error { return nil }

func (s saidAddress) places() ([]place, string, error) { return []place{s.place}, "", nil }

// said are the entrances at an address that somebody has said. An IP is where to connect, and
// says no host: that of the routes is asked for there, each one. So is a name where it is said
// for every beta: asked for itself it would be production.
func said(w Wanted) (out []entrance) {
	at, err := url.Parse(w.URL)
	if err != nil {
		return nil
	}
	port, _ := strconv.Atoi(at.Port())
	p := place{host: at.Hostname(), port: int32(port), tls: at.Scheme == "https", from: "as said"}
	if net.ParseIP(p.host) == nil && !w.Dialled {
		return []entrance{{name: w.SaidBy, publisher: saidAddress{p}}}
	}
	p.at, p.host = p.host, ""
	known := map[string]bool{}
	for _, r := range leading(w) {
		if !known[r.Host] {
			known[r.Host] = true
			out = append(out, entrance{name: w.SaidBy, route: route.Route{Host: r.Host}, publisher: saidAddress{p}})
		}
	}
	if len(out) == 0 {
		return []entrance{{name: w.SaidBy, publisher: saidAddress{p}}}
	}
	return out
}
