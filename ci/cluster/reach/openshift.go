package reach

import (
	"cmp"
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/route"
)

// openShift is a Route of OpenShift: each router that admits it says at which host, and
// which name leads to the router
// (https://docs.redhat.com/en/documentation/openshift_container_platform/4.20/html/network_apis/route-route-openshift-io-v1).
type openShift struct {
	route route.Route
	live  *informer.Informer
}

func (o *openShift) follow(ctx context.Context, w *informer.Watcher) (err error) {
	kind, _ := route.KindOf(o.route.Object)
	o.live, err = w.Follow(ctx, kind.Resource, o.route.Object.GetNamespace(), named(o.route.Object.GetName()))
	return err
}

func (o *openShift) places() (out []place, lacks string, err error) {
	if _, err := o.live.Ready(); err != nil {
		return nil, "", err
	}
	for _, live := range informer.ListOf[*unstructured.Unstructured](o.live.List()) {
		out = append(out, admitted(live, o.route.TLS)...)
	}
	return out, "no router has admitted it", nil
}

// admitted are the hosts at which routers serve a Route. One of the spec before, which the
// router has not taken away yet, is none.
func admitted(live *unstructured.Unstructured, tls bool) (out []place) {
	wanted, _, _ := unstructured.NestedString(live.Object, "spec", "host")
	for _, router := range route.ListAt(live.Object, "status", "ingress") {
		if host := stringAt(router, "host", ""); host != "" && (wanted == "" || host == wanted) && is(router, "Admitted") {
			out = append(out, place{at: stringAt(router, "routerCanonicalHostname", ""), host: host, tls: tls, from: "host that its router admitted"})
		}
	}
	return out
}

// is reports whether a condition of a status is true.
func is(status map[string]any, condition string) bool {
	for _, c := range route.ListAt(status, "conditions") {
		if c["type"] == condition {
			return c["status"] == "True"
		}
	}
	return false
}

// stringAt returns a field, or otherwise where it is not there.
func stringAt(object map[string]any, field, otherwise string) string {
	value, _ := object[field].(string)
	return cmp.Or(value, otherwise)
}
