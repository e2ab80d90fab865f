package pipeline

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/description"
)

// front is what users reach of an application, read from its objects, so that nobody has
// to say it twice and an undo tests where the former release is.
type front struct {
	service string // among the objects; empty: the application has none, as a worker
	name    string // the same without a beta's suffix
	port    int    // of the Service
	path    string // the base path, without a slash at its end
	health  string // below the base path
	public  bool   // an Ingress leads to the Service
}

// answers is the path that answers 2xx when the application can be used.
func (f front) answers() string { return f.path + f.health }

// byServiceAlone reports whether the Service has no address outside of the cluster.
func (f front) byServiceAlone() bool { return f.service != "" && !f.public }

// productionFront is what users will reach of production.
func (r *Run) productionFront() (front, error) {
	objects, err := r.showProduction(unbuilt(r.images))
	if err != nil {
		return front{}, err
	}
	return r.frontOf(objects, "")
}

// TestsByForward reports whether production can be tested through a port-forward alone, for
// its overlay leads nobody to its Service from outside.
func TestsByForward(app description.Application, tree fs.FS, overlay, namespace string) (bool, error) {
	r, err := anyRun(app, tree, Options{ProductionOverlay: overlay, Namespace: namespace})
	if err != nil {
		return false, err
	}
	reached, err := r.productionFront()
	return reached.byServiceAlone(), err
}

// frontOf finds what users reach among objects whose names end with suffix. It is the
// Service that the description names, else that called api, else one that an Ingress leads
// to, else the only one.
func (r *Run) frontOf(objects []*unstructured.Unstructured, suffix string) (front, error) {
	services := typed[corev1.Service](objects, corev1.SchemeGroupVersion.WithKind("Service"))
	routes := routesIn(objects)
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	found := front{service: r.app.Service + suffix}
	switch {
	case r.app.Service != "":
		if !slices.Contains(names, found.service) && !slices.ContainsFunc(routes, func(i route) bool { return i.service == found.service }) {
			return front{}, fmt.Errorf("it has no Service %s%s", r.app.Service, others(names, suffix))
		}
	case slices.Contains(names, "api"+suffix):
		found.service = "api" + suffix
	case len(routes) > 0:
		found.service = slices.MinFunc(routes, func(a, b route) int { return cmp.Compare(len(a.path), len(b.path)) }).service
	case len(services) == 1:
		found.service = names[0]
	case len(services) > 1:
		return front{}, fmt.Errorf("no Ingress leads to one of its Services%s: say in service which one users reach", others(names, suffix))
	default:
		return front{}, nil
	}
	found.name = strings.TrimSuffix(found.service, suffix)
	found.port = r.app.Port
	for _, i := range routes {
		if i.service == found.service {
			found.public, found.path = true, plain(i.path)
			break
		}
	}
	i := slices.Index(names, found.service)
	if i < 0 {
		found.health = cmp.Or(r.app.Health, "/health")
		return found, found.needsPort()
	}
	service := services[i]
	found.port = cmp.Or(found.port, portOf(service, routes))
	found.health = cmp.Or(r.app.Health, below(found.path, probed(service, objects)), "/health")
	return found, found.needsPort()
}

// plain is a path without a slash at its end and, of a pattern, what comes before it.
func plain(path string) string {
	if at := strings.IndexAny(path, "(*[+^$|?\\"); at >= 0 {
		path = path[:at]
	}
	return strings.TrimSuffix(path, "/")
}

// below is what a path has behind the base path, and all of it if it lies elsewhere: a
// controller may take the base path away before the application sees it.
func below(base, path string) string {
	if rest, ok := strings.CutPrefix(path, base+"/"); ok {
		return "/" + rest
	}
	return path
}

func (f front) needsPort() error {
	if f.port == 0 {
		return fmt.Errorf("the Service %s has no port that is known: say it in port", f.service)
	}
	return nil
}

func others(names []string, suffix string) string {
	if len(names) == 0 {
		return ""
	}
	var plain []string
	for _, name := range names {
		plain = append(plain, strings.TrimSuffix(name, suffix))
	}
	return ", only " + strings.Join(plain, ", ")
}

// route is a path that an Ingress leads to a Service.
type route struct {
	service string
	path    string
	port    networkingv1.ServiceBackendPort
}

// routesIn lists what Ingresses lead to which Service, in their order.
func routesIn(objects []*unstructured.Unstructured) (out []route) {
	for _, ingress := range typed[networkingv1.Ingress](objects, networkingv1.SchemeGroupVersion.WithKind("Ingress")) {
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				if to := path.Backend.Service; to != nil {
					out = append(out, route{to.Name, path.Path, to.Port})
				}
			}
		}
		if to := ingress.Spec.DefaultBackend; to != nil && to.Service != nil {
			out = append(out, route{to.Service.Name, "/", to.Service.Port})
		}
	}
	return out
}

// portOf is the port that a route to the Service names, else that called http, else the first.
func portOf(service *corev1.Service, routes []route) int {
	for _, i := range routes {
		if i.service != service.Name {
			continue
		}
		if i.port.Number != 0 {
			return int(i.port.Number)
		}
		for _, port := range service.Spec.Ports {
			if port.Name == i.port.Name {
				return int(port.Port)
			}
		}
	}
	for _, port := range service.Spec.Ports {
		if port.Name == "http" {
			return int(port.Port)
		}
	}
	if len(service.Spec.Ports) == 0 {
		return 0
	}
	return int(service.Spec.Ports[0].Port)
}

// probed is the path that the readiness probe of the Service's pods asks, empty if none does.
func probed(service *corev1.Service, objects []*unstructured.Unstructured) string {
	for _, object := range objects {
		template, found := account.Templates[object.GetKind()]
		if !found || len(service.Spec.Selector) == 0 {
			continue
		}
		spec, _, _ := unstructured.NestedMap(object.Object, template...)
		set, _, _ := unstructured.NestedStringMap(object.Object, append(slices.Clone(template[:len(template)-1]), "metadata", "labels")...)
		if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(set)) {
			continue
		}
		var pod corev1.PodSpec
		if runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &pod) != nil {
			continue
		}
		for _, container := range pod.Containers {
			if probe := container.ReadinessProbe; probe != nil && probe.HTTPGet != nil {
				return "/" + strings.TrimPrefix(probe.HTTPGet.Path, "/")
			}
		}
	}
	return ""
}

// typed returns the objects of a kind; one that is not what its kind has is left to the server.
func typed[T any](objects []*unstructured.Unstructured, kind schema.GroupVersionKind) (out []*T) {
	for _, object := range objects {
		read := new(T)
		if object.GroupVersionKind() == kind && runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, read) == nil {
			out = append(out, read)
		}
	}
	return out
}
