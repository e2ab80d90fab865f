// Package reach finds the address at which users reach what was deployed, and forwards
// a port to its pods where there is none. It does not know what answers there.
package reach

import (
	"cmp"
	"context"
	"net"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Address is where users reach an application.
type Address struct {
	URL     string // scheme and host, without a path: http://10.0.0.7
	Dial    string // IP or name to connect to in place of the URL's host; empty where the URL says it all
	FoundBy string // how it was found: "Ingress go-demo/api, ip in its status"
}

// AddressOf finds the address of the Ingress among objects that leads to a Service and returns it once
// GET URL+path was answered with 2xx three times in a row, for an address in a
// status alone says nothing yet. The status is watched; only the probe itself is
// repeated. progress, if not nil, hears what came back last while that lasts. The
// error at the deadline of ctx is NoAddress and says what was tried.
func AddressOf(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, service, path string, progress func(object, state string)) (found Address, err error) {
	wanted := ingressFor(objects, service)
	if wanted == nil {
		return Address{}, &cluster.Error{Class: cluster.NoAddress, Cause: "no Ingress among the objects leads to Service " + service, Try: "add one to the overlay"}
	}
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	only := metav1.ListOptions{FieldSelector: "metadata.name=" + wanted.GetName()}
	i, err := w.Follow(inner, cluster.Ingresses, wanted.GetNamespace(), only)
	if err != nil {
		return Address{}, err
	}
	telling := informer.Tell(managed.Describe(wanted), progress)
	defer func() { telling.End(readyUnless(err)) }()
	telling.Is(unpublished)
	var last attempt
	for {
		if _, err := i.Ready(); err != nil {
			return Address{}, cluster.FromAPI(ctx, managed.Describe(wanted), "watch", err)
		}
		for _, ingress := range informer.ListOf[*networkingv1.Ingress](i.List()) {
			addresses := addressesOf(ingress, service)
			if len(addresses) == 0 {
				continue
			}
			var probes []probe
			for _, a := range addresses {
				probes = append(probes, newProbe(c.DialContext, a.URL+path, a.Dial))
			}
			by, tried, err := answers(ctx, w.Changed, probes, telling.Is)
			if err == nil {
				return addresses[by], nil
			}
			if tried != nil {
				last = attempt{addresses: addresses, answers: tried}
			}
		}
		select {
		case <-w.Changed:
		case <-ctx.Done():
			return Address{}, noAddress(ctx, managed.Describe(wanted), last)
		}
	}
}

// readyUnless is the last state of what was waited for.
func readyUnless(err error) string {
	if err != nil {
		return ""
	}
	return "ready"
}

// ingressFor picks the Ingress whose rules lead to the Service, or nil.
func ingressFor(objects []*unstructured.Unstructured, service string) *unstructured.Unstructured {
	for _, object := range objects {
		if object.GroupVersionKind() != networkingv1.SchemeGroupVersion.WithKind("Ingress") {
			continue
		}
		var ingress networkingv1.Ingress
		if runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &ingress) != nil {
			continue
		}
		if _, found := ruleFor(&ingress, service); found {
			return object
		}
	}
	return nil
}

// ruleFor returns the host of the first rule that leads to the Service; "" is any host.
func ruleFor(ingress *networkingv1.Ingress, service string) (host string, found bool) {
	leads := func(to *networkingv1.IngressBackend) bool {
		return to != nil && to.Service != nil && to.Service.Name == service
	}
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			if leads(&p.Backend) {
				return rule.Host, true
			}
		}
	}
	return "", leads(ingress.Spec.DefaultBackend)
}

// addressesOf returns where the rule's host, if it names one, may be reached: at the
// address that the controller published, since DNS need not know the host, or not yet,
// and as users reach it, for what was published may be known in another network alone.
// Without a host it is the published address. Even with one that address is waited for:
// before it is there the controller does not serve the Ingress.
func addressesOf(ingress *networkingv1.Ingress, service string) []Address {
	host, _ := ruleFor(ingress, service)
	found := managed.Name("Ingress", ingress.Namespace, ingress.Name)
	for _, at := range ingress.Status.LoadBalancer.Ingress {
		published, field := cmp.Or(at.IP, at.Hostname), "ip"
		if at.IP == "" {
			field = "hostname"
		}
		switch {
		case published == "":
		case host != "" && !strings.HasPrefix(host, "*"):
			byName := Address{URL: protocol(ingress, host) + host, FoundBy: found + ", host in its rule"}
			return []Address{{URL: byName.URL, Dial: published, FoundBy: byName.FoundBy + ", dialled at " + published}, byName}
		default:
			return []Address{{URL: protocol(ingress, host) + bracketed(published), FoundBy: found + ", " + field + " in its status"}}
		}
	}
	return nil
}

func protocol(ingress *networkingv1.Ingress, host string) string {
	for _, tls := range ingress.Spec.TLS {
		for _, name := range tls.Hosts {
			if name == host {
				return "https://"
			}
		}
	}
	return "http://"
}

func bracketed(ip string) string {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.To4() == nil {
		return "[" + ip + "]"
	}
	return ip
}
