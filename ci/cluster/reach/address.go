// Package reach finds the address at which users reach what was deployed, and forwards
// a port to its pods where there is none. It does not know what answers there.
package reach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	FoundBy string // how it was found: "Ingress go-demo/api, ip in its status"
}

// AddressOf finds the address of the Ingress among objects and returns it once
// GET URL+path was answered with 2xx three times in a row, for an address in a
// status alone says nothing yet. The status is watched; only the probe itself is
// repeated. The error at the deadline of ctx is NoAddress and says what was tried.
func AddressOf(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, path string) (Address, error) {
	wanted := ingressFor(objects, path)
	if wanted == nil {
		return Address{}, &cluster.Error{Class: cluster.NoAddress, Cause: "no Ingress among the objects leads to " + path, Try: "add one to the overlay"}
	}
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	only := metav1.ListOptions{FieldSelector: "metadata.name=" + wanted.GetName()}
	i, err := w.Follow(inner, cluster.Ingresses, wanted.GetNamespace(), only)
	if err != nil {
		return Address{}, err
	}
	tried := "it has no address in its status"
	for {
		if _, err := i.Ready(); err != nil {
			return Address{}, cluster.FromAPI(ctx, managed.Describe(wanted), "watch", err)
		}
		for _, ingress := range informer.ListOf[*networkingv1.Ingress](i.List()) {
			address, ok := addressOf(ingress, path)
			if !ok {
				continue
			}
			answer, err := answers(ctx, c.DialContext, w.Changed, address.URL+path)
			if err == nil {
				return address, nil
			}
			tried = cmp.Or(answer, tried)
		}
		select {
		case <-w.Changed:
		case <-ctx.Done():
			return Address{}, noAddress(ctx, managed.Describe(wanted), tried)
		}
	}
}

func noAddress(ctx context.Context, object, tried string) error {
	if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("%s: find its address: %w", object, context.Cause(ctx))
	}
	return &cluster.Error{Class: cluster.NoAddress, Object: object, Cause: "no address answered in time: " + tried, Err: context.DeadlineExceeded,
		Try: "check that an ingress controller serves its class and publishes an address"}
}

// ingressFor picks the Ingress whose rules lead to path, or nil.
func ingressFor(objects []*unstructured.Unstructured, path string) *unstructured.Unstructured {
	for _, object := range objects {
		if object.GroupVersionKind() != networkingv1.SchemeGroupVersion.WithKind("Ingress") {
			continue
		}
		var ingress networkingv1.Ingress
		if runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &ingress) != nil {
			continue
		}
		if _, found := ruleFor(&ingress, path); found {
			return object
		}
	}
	return nil
}

// ruleFor returns the host of the first rule that leads to path; "" is any host.
func ruleFor(ingress *networkingv1.Ingress, path string) (host string, found bool) {
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			if below(path, p.Path) {
				return rule.Host, true
			}
		}
	}
	return "", ingress.Spec.DefaultBackend != nil
}

// below compares path elements, as Ingress prefixes do: /demo leads to /demo/x and
// not to /demos.
func below(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(prefix, "/"))
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// addressOf returns the URL by the rule's host, if it names one, else by the
// address that the controller published. Even with a host that address is waited
// for: before it is there the controller does not serve the Ingress.
func addressOf(ingress *networkingv1.Ingress, path string) (Address, bool) {
	host, _ := ruleFor(ingress, path)
	found := managed.Name("Ingress", ingress.Namespace, ingress.Name)
	for _, at := range ingress.Status.LoadBalancer.Ingress {
		switch {
		case host != "" && !strings.HasPrefix(host, "*") && (at.IP != "" || at.Hostname != ""):
			return Address{URL: protocol(ingress, host) + host, FoundBy: found + ", host in its rule"}, true
		case at.IP != "":
			return Address{URL: protocol(ingress, host) + bracketed(at.IP), FoundBy: found + ", ip in its status"}, true
		case at.Hostname != "":
			return Address{URL: protocol(ingress, host) + at.Hostname, FoundBy: found + ", hostname in its status"}, true
		}
	}
	return Address{}, false
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
