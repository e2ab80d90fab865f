// Package front finds what users reach of an application among its objects. It knows no cluster.
package front

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/route"
)

// Front is what users reach of an application, read from its objects, so that nobody has
// to say it twice and an undo tests where the former release is.
type Front struct {
	Service string // among the objects; empty: the application has none, as a worker
	Name    string // the same without a beta's suffix
	Port    int    // of the Service
	Path    string // the base path, without a slash at its end
	Health  string // below the base path: what the application's description, its probes, or the convention says
	Probed  bool   // a probe says it
	Public  bool   // users reach the Service from outside: by an Ingress or its like, or by an address of its own
}

// Answers is the path that answers 2xx when the application can be used.
func (f Front) Answers() string { return f.Path + f.Health }

// ByServiceAlone reports whether the Service has no address outside of the cluster.
func (f Front) ByServiceAlone() bool { return f.Service != "" && !f.Public }

// Of finds what users reach among objects whose names end with suffix. It is the
// Service that the description names, else that called api, else one that an Ingress, an
// HTTPRoute or their like leads to, else the only one.
func Of(app description.Application, objects []*unstructured.Unstructured, suffix string) (Front, error) {
	services := manifest.Typed[corev1.Service](objects, corev1.SchemeGroupVersion.WithKind("Service"))
	routes := slices.DeleteFunc(route.Of(objects...), func(r route.Route) bool { return r.Service == "" || r.Partial })
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	found := Front{Service: app.Service + suffix}
	switch {
	case app.Service != "":
		if !slices.Contains(names, found.Service) && !slices.ContainsFunc(routes, func(r route.Route) bool { return r.Service == found.Service }) {
			return Front{}, fmt.Errorf("it has no Service %s%s", app.Service, others(names, suffix))
		}
	case slices.Contains(names, "api"+suffix):
		found.Service = "api" + suffix
	case len(routes) > 0:
		found.Service = slices.MinFunc(routes, func(a, b route.Route) int { return cmp.Compare(len(a.Base()), len(b.Base())) }).Service
	case len(services) == 1:
		found.Service = names[0]
	case len(services) > 1:
		return Front{}, fmt.Errorf("no Ingress or HTTPRoute leads to one of its Services%s: say in service which one users reach", others(names, suffix))
	default:
		return Front{}, nil
	}
	found.Name = strings.TrimSuffix(found.Service, suffix)
	found.Port = app.Port
	conventional := "/health"
	for _, r := range routes {
		if r.Service == found.Service {
			found.Public, found.Path = true, r.Base()
			if r.Object.GetKind() == "GRPCRoute" { // whose paths are methods
				found.Path, conventional = "", route.GRPCHealth
			}
			break
		}
	}
	for _, r := range routes {
		if !found.Public && !slices.Contains(names, r.Service) {
			return Front{}, fmt.Errorf("%s %s leads to Service %s, which it has not, and none to %s", r.Object.GetKind(), strings.TrimSuffix(r.Object.GetName(), suffix), strings.TrimSuffix(r.Service, suffix), found.Name)
		}
	}
	i := slices.Index(names, found.Service)
	if i < 0 {
		found.Health = cmp.Or(app.Health, conventional)
		return found, found.needsPort()
	}
	service := services[i]
	if app.Port != 0 && !HasPort(service, app.Port) {
		return Front{}, fmt.Errorf("the Service %s has no port %d", found.Name, app.Port)
	}
	found.Port = cmp.Or(found.Port, portOf(service, routes))
	found.Public = found.Public || Outside(service)
	probe := probed(service, objects)
	found.Probed = app.Health == "" && probe != ""
	found.Health = cmp.Or(app.Health, below(found.Path, probe), conventional)
	return found, found.needsPort()
}

// Outside reports whether a Service has an address outside of the cluster by itself.
func Outside(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer || service.Spec.Type == corev1.ServiceTypeNodePort
}

// below is what a path has behind the base path, and all of it if it lies elsewhere: a
// controller may take the base path away before the application sees it.
func below(base, path string) string {
	if rest, ok := strings.CutPrefix(path, base+"/"); ok {
		return "/" + rest
	}
	return path
}

func (f Front) needsPort() error {
	if f.Port == 0 {
		return fmt.Errorf("the Service %s has no port that is known: say it in port", f.Service)
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

// HasPort reports whether a Service has the port.
func HasPort(service *corev1.Service, port int) bool {
	return slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return int(p.Port) == port })
}

// Port is a Service's that no route names: that called http, else the first; 0 if it has none.
func Port(service *corev1.Service) int { return portOf(service, nil) }

// portOf is the port that a route to the Service names, else that called http, else the first.
func portOf(service *corev1.Service, routes []route.Route) int {
	for _, r := range routes {
		if r.Service != service.Name {
			continue
		}
		if port := r.PortOf(service); port != 0 {
			return int(port)
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

// probed is the path that a readiness probe of the Service's pods asks, else a liveness probe; empty if none does.
func probed(service *corev1.Service, objects []*unstructured.Unstructured) string {
	var ready, alive []*corev1.Probe
	for _, pod := range manifest.PodsOf(objects, service) {
		for _, container := range pod.Spec.Containers {
			ready, alive = append(ready, container.ReadinessProbe), append(alive, container.LivenessProbe)
		}
	}
	for _, probe := range append(ready, alive...) {
		switch {
		case probe == nil:
		case probe.HTTPGet != nil:
			return "/" + strings.TrimPrefix(probe.HTTPGet.Path, "/")
		case probe.GRPC != nil:
			return route.GRPCHealth
		}
	}
	return ""
}
