package reach

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/route"
)

// entrance is one host of an object by which users reach a Service.
type entrance struct {
	name   string                     // of the object: "Ingress go-demo/api"
	object *unstructured.Unstructured // nil: somebody has said the address
	route  route.Route
	publisher
}

// publisher is an object that says where an entrance is.
type publisher interface {
	// follow begins to watch the object and what it refers to.
	follow(ctx context.Context, w *informer.Watcher) error
	// places are where it is now, the best first; if there are none, lacks says why.
	places() (places []place, lacks string, err error)
}

// place is an address that was published for an entrance.
type place struct {
	at      string // IP or name; empty: known by the host alone
	host    string // where the place itself names the host that is asked for
	port    int32  // 0: the scheme's own
	tls     bool
	from    string // "ip in its status"
	guessed bool   // it was not published
}

// entrancesTo lists them: of routes those that a path leads into, each host once.
func entrancesTo(w Wanted) (out []entrance) {
	if w.URL != "" {
		return said(w)
	}
	for _, r := range leading(w) {
		out = append(out, entrance{managed.Describe(r.Object), r.Object, r, publisherOf(r)})
	}
	if len(out) > 0 {
		return out
	}
	i := slices.IndexFunc(w.Objects, func(object *unstructured.Unstructured) bool {
		return object.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("Service") && object.GetName() == w.Service
	})
	if i < 0 {
		return nil
	}
	kind, _, _ := unstructured.NestedString(w.Objects[i].Object, "spec", "type")
	own := service{namespace: w.Objects[i].GetNamespace(), name: w.Service, port: int32(w.Port)}
	switch corev1.ServiceType(kind) {
	case corev1.ServiceTypeLoadBalancer:
		return []entrance{{name: managed.Describe(w.Objects[i]), object: w.Objects[i], publisher: &loadBalancer{service: own}}}
	case corev1.ServiceTypeNodePort:
		return []entrance{{name: managed.Describe(w.Objects[i]), object: w.Objects[i], publisher: &nodePort{service: own}}}
	}
	return nil
}

// leading are the routes by which requests for the path come to the Service: of each host of
// an object the longest path counts, as for controllers.
func leading(w Wanted) (out []route.Route) {
	same := func(a, b route.Route) bool { return a.Object == b.Object && a.Host == b.Host }
	all := slices.DeleteFunc(route.Of(w.Objects...), func(r route.Route) bool { return r.Partial || !r.Serves(w.Path) })
	for _, r := range all {
		beaten := slices.ContainsFunc(all, func(o route.Route) bool { return same(o, r) && len(o.Base()) > len(r.Base()) })
		known := slices.ContainsFunc(out, func(o route.Route) bool { return same(o, r) })
		if r.Service == w.Service && !beaten && !known {
			out = append(out, r)
		}
	}
	return out
}

func publisherOf(r route.Route) publisher {
	switch r.Object.GetKind() {
	case "Ingress":
		return &ingress{route: r}
	case "Route":
		return &openShift{route: r}
	}
	return newGateways(r)
}

// addresses are the URLs of places. Where a host is asked for, it is dialled at the place,
// since DNS need not know the host, or not yet, and as users reach it, for what was published
// may be known in another network alone.
func (e entrance) addresses(places []place) (out []Address) {
	for _, p := range places {
		found := e.name
		host := concrete(p.host, e.route.Host)
		url := func(host string) string { return schemed(p.tls, host, p.port) }
		switch {
		case host != "" && p.at == "":
			out = append(out, Address{URL: url(host), FoundBy: found + ", " + p.from})
		case host != "":
			out = append(out, Address{URL: url(host), Dial: p.at, FoundBy: found + ", host in its rule, dialled at " + p.dialled(), guessed: p.guessed})
			if !p.guessed {
				out = append(out, Address{URL: url(host), FoundBy: found + ", host in its rule"})
			}
		default:
			out = append(out, Address{URL: url(p.at), FoundBy: found + ", " + p.from, guessed: p.guessed})
		}
	}
	return out
}

func (p place) dialled() string {
	if p.guessed {
		return p.at + ", " + p.from
	}
	return p.at
}

// concrete is the first of the hosts that is one; of a wildcard, a name that it covers.
func concrete(hosts ...string) string {
	for _, host := range hosts {
		if host != "" && !strings.HasPrefix(host, "*") {
			return host
		}
	}
	for _, host := range hosts {
		if rest, wild := strings.CutPrefix(host, "*."); wild {
			return "slipway." + rest
		}
	}
	return ""
}

func schemed(tls bool, host string, port int32) string {
	scheme, own := "http", int32(80)
	if tls {
		scheme, own = "https", 443
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		host = "[" + host + "]"
	}
	if port != 0 && port != own {
		host += ":" + strconv.Itoa(int(port))
	}
	return scheme + "://" + host
}
