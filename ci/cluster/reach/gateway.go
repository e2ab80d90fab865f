package reach

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/route"
)

// gateways are those that a route of the Gateway API names as its parents: their listeners
// say ports and hosts, their statuses the addresses
// (https://gateway-api.sigs.k8s.io/reference/1.6/spec/#gatewaystatus).
type gateways struct {
	route   route.Route
	parents []parent
	live    *informer.Informer // of the route
}

// parent is a Gateway as it is now.
type parent struct {
	route.Parent
	live *informer.Informer
}

func newGateways(r route.Route) *gateways {
	out := &gateways{route: r}
	for _, p := range route.Parents(r.Object) {
		out.parents = append(out.parents, parent{Parent: p})
	}
	return out
}

func (g *gateways) follow(ctx context.Context, w *informer.Watcher) (err error) {
	kind, _ := route.KindOf(g.route.Object)
	if g.live, err = w.Follow(ctx, kind.Resource, g.route.Object.GetNamespace(), named(g.route.Object.GetName())); err != nil {
		return err
	}
	for i, p := range g.parents {
		if g.parents[i].live, err = w.Follow(ctx, cluster.Gateways, p.Namespace, named(p.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gateways) places() (out []place, lacks string, err error) {
	if _, err := g.live.Ready(); err != nil {
		return nil, "", err
	}
	lacks = "no Gateway is its parent"
	for _, p := range g.parents {
		name := managed.Name("Gateway", p.Namespace, p.Name)
		if _, err := p.live.Ready(); err != nil {
			return nil, "", cluster.FromAPI(context.Background(), name, "read", err)
		}
		found := informer.ListOf[*unstructured.Unstructured](p.live.List())
		switch {
		case !g.accepted(p):
			lacks = name + " has not accepted it"
			continue
		case len(found) == 0:
			lacks = name + " is not there"
			continue
		}
		at := p.places(found[0], g.route.Host)
		if len(at) == 0 {
			lacks = name + " has no address in its status"
		}
		out = append(out, at...)
	}
	return out, lacks, nil
}

// accepted reports whether the parent has taken the route as it is now.
func (g *gateways) accepted(p parent) bool {
	for _, live := range informer.ListOf[*unstructured.Unstructured](g.live.List()) {
		for _, status := range route.ListAt(live.Object, "status", "parents") {
			ref, _ := status["parentRef"].(map[string]any)
			if stringAt(ref, "namespace", live.GetNamespace()) == p.Namespace && stringAt(ref, "name", "") == p.Name && stringAt(ref, "sectionName", "") == p.Section {
				return is(status, "Accepted")
			}
		}
	}
	return false
}

// places are the Gateway's addresses with each listener that serves the host. Where some end
// TLS users come by these: the others may do nothing but lead there, and that they answer
// says nothing of a listener that is dead.
func (p parent) places(gateway *unstructured.Unstructured, host string) (out []place) {
	for _, listener := range route.ListAt(gateway.Object, "spec", "listeners") {
		protocol, of := stringAt(listener, "protocol", ""), stringAt(listener, "hostname", "")
		number, _ := listener["port"].(int64)
		switch {
		case p.Section != "" && p.Section != listener["name"], p.Port != 0 && int64(p.Port) != number,
			protocol != "HTTP" && protocol != "HTTPS", !route.SameHost(of, host):
			continue
		}
		for _, at := range route.ListAt(gateway.Object, "status", "addresses") {
			value := stringAt(at, "value", "")
			if value == "" {
				continue
			}
			out = append(out, place{at: value, host: concreteOf(of, host), port: int32(number), tls: protocol == "HTTPS",
				from: "address of " + managed.Name("Gateway", p.Namespace, p.Name) + ", listener " + stringAt(listener, "name", "")})
		}
	}
	secured := func(p place) bool { return p.tls }
	if slices.ContainsFunc(out, secured) {
		out = slices.DeleteFunc(out, func(p place) bool { return !p.tls })
	}
	return out
}

// concreteOf is the narrower of the two.
func concreteOf(listener, route string) string {
	if listener == "" || route != "" && (!strings.HasPrefix(route, "*") || len(route) > len(listener) && strings.HasPrefix(listener, "*")) {
		return route
	}
	return listener
}
