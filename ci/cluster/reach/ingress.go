package reach

import (
	"context"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/route"
)

// unpublished is what an object lacks that no controller has taken, or whose controller
// publishes no addresses.
const unpublished = "it has no address in its status"

// ingress is an Ingress, whose controller publishes its addresses in the status. Even with
// a host in the rule they are waited for: before, the controller does not serve it.
type ingress struct {
	route route.Route
	live  *informer.Informer
}

func (i *ingress) follow(ctx context.Context, w *informer.Watcher) (err error) {
	i.live, err = w.Follow(ctx, cluster.Ingresses, i.route.Object.GetNamespace(), named(i.route.Object.GetName()))
	return err
}

func (i *ingress) places() (out []place, lacks string, err error) {
	if _, err := i.live.Ready(); err != nil {
		return nil, "", err
	}
	for _, live := range informer.ListOf[*networkingv1.Ingress](i.live.List()) {
		out = append(out, published(live, i.route.TLS)...)
	}
	return out, unpublished, nil
}

// published are the addresses in the status of an Ingress. Its controller says ports only
// where they are not the usual ones.
func published(live *networkingv1.Ingress, tls bool) (out []place) {
	own := int32(80)
	if tls {
		own = 443
	}
	for _, at := range live.Status.LoadBalancer.Ingress {
		p := inStatus(at.IP, at.Hostname)
		p.tls = tls
		if len(at.Ports) > 0 && !slices.ContainsFunc(at.Ports, func(port networkingv1.IngressPortStatus) bool { return port.Port == own }) {
			p.port = at.Ports[0].Port
		}
		if p.at != "" {
			out = append(out, p)
		}
	}
	return out
}

// inStatus is the place that a status says, by one of the two.
func inStatus(ip, hostname string) place {
	if ip == "" {
		return place{at: hostname, from: "hostname in its status"}
	}
	return place{at: ip, from: "ip in its status"}
}

// named selects the one object of a name.
func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: "metadata.name=" + name}
}
