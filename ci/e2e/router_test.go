package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var routes = schema.GroupVersionResource{Group: "route.openshift.io", Version: "v1", Resource: "routes"}

// router stands in for OpenShift's: it admits the Routes of some namespaces, by the rules
// and with the words of https://github.com/openshift/router, and forwards requests to their
// Services through the API server, which reaches their pods.
type router struct {
	*world
	t          *testing.T
	at         string // its address, of this machine's loopback
	namespaces []string
	known      cache.Store
	admitted   atomic.Value // []*unstructured.Unstructured
}

// newRouter runs a router until the test ends. It needs port 80: a Route's address has no other.
func (w *world) newRouter(t *testing.T, namespaces ...string) *router {
	t.Helper()
	r := &router{world: w, t: t, namespaces: namespaces, at: fmt.Sprintf("127.7.%d.%d", rand.IntN(256), 1+rand.IntN(254))}
	listener, err := net.Listen("tcp", net.JoinHostPort(r.at, "80"))
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("a router needs port 80 of an address of its own: %v", err)
	}
	require.NoError(t, err)
	server := &http.Server{Handler: r}
	go func() { _ = server.Serve(listener) }()
	factory := dynamicinformer.NewDynamicSharedInformerFactory(w.dynamic, 0)
	informer := factory.ForResource(routes).Informer()
	r.known = informer.GetStore()
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { r.admit() }, UpdateFunc: func(any, any) { r.admit() }, DeleteFunc: func(any) { r.admit() },
	})
	require.NoError(t, err)
	stop := make(chan struct{})
	factory.Start(stop)
	t.Cleanup(func() {
		close(stop)
		factory.Shutdown()
		_ = server.Close()
	})
	return r
}

// admit decides on all Routes: the oldest has a host, and lets others of its namespace have
// other paths there.
func (r *router) admit() {
	var all, admitted []*unstructured.Unstructured
	for _, known := range r.known.List() {
		if route := known.(*unstructured.Unstructured); slices.Contains(r.namespaces, route.GetNamespace()) {
			all = append(all, route)
		}
	}
	slices.SortFunc(all, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetUID(), b.GetUID()))
	})
	owners, exposed := map[string]string{}, map[string]string{}
	for _, route := range all {
		host, at := specOf(route, "host"), specOf(route, "host")+specOf(route, "path")
		owner, former := cmp.Or(owners[host], route.GetNamespace()), exposed[at]
		switch {
		case owner != route.GetNamespace():
			r.write(route, fmt.Sprintf("a route in another namespace holds %s and is older than %s", host, route.GetName()))
		case former != "":
			r.write(route, fmt.Sprintf("route %s already exposes %s and is older", former, host))
		default:
			owners[host], exposed[at] = owner, route.GetName()
			admitted = append(admitted, route)
			r.write(route, "")
		}
	}
	r.admitted.Store(admitted)
}

// write says in the status that the Route is admitted, or why not, unless that is there already.
func (r *router) write(route *unstructured.Unstructured, refusal string) {
	condition := map[string]any{"type": "Admitted", "status": "True"}
	if refusal != "" {
		condition = map[string]any{"type": "Admitted", "status": "False", "reason": "HostAlreadyClaimed", "message": refusal}
	}
	said := map[string]any{"host": specOf(route, "host"), "routerName": "default", "routerCanonicalHostname": r.at, "wildcardPolicy": "None"}
	before, _, _ := unstructured.NestedSlice(route.Object, "status", "ingress")
	if len(before) == 1 && before[0].(map[string]any)["host"] == said["host"] {
		now := before[0].(map[string]any)["conditions"].([]any)[0].(map[string]any)
		if now["status"] == condition["status"] && now["message"] == condition["message"] {
			return
		}
	}
	condition["lastTransitionTime"] = metav1.Now().UTC().Format("2006-01-02T15:04:05Z")
	said["conditions"] = []any{condition}
	route = route.DeepCopy()
	require.NoError(r.t, unstructured.SetNestedSlice(route.Object, []any{said}, "status", "ingress"))
	_, err := r.dynamic.Resource(routes).Namespace(route.GetNamespace()).UpdateStatus(r.t.Context(), route, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && r.t.Context().Err() == nil { // another event will come
		r.t.Errorf("router: %v", err)
	}
}

// ServeHTTP forwards a request to the Service of the Route with its host and the longest
// prefix of its path.
func (r *router) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	var found *unstructured.Unstructured
	host, _, _ := strings.Cut(in.Host, ":")
	admitted, _ := r.admitted.Load().([]*unstructured.Unstructured)
	for _, route := range admitted {
		path := specOf(route, "path")
		below := path == "" || in.URL.Path == path || strings.HasPrefix(in.URL.Path, strings.TrimSuffix(path, "/")+"/")
		if specOf(route, "host") == host && below && (found == nil || len(path) > len(specOf(found, "path"))) {
			found = route
		}
	}
	if found == nil {
		http.Error(out, "Application is not available", http.StatusServiceUnavailable)
		return
	}
	r.forward(out, in, found)
}

func (r *router) forward(out http.ResponseWriter, in *http.Request, route *unstructured.Unstructured) {
	service, port := specOf(route, "to", "name"), specOf(route, "port", "targetPort")
	server, err := url.Parse(r.config.Host)
	transport, failed := rest.TransportFor(r.config)
	if err = cmp.Or(err, failed); err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	server.Path = fmt.Sprintf("/api/v1/namespaces/%s/services/%s:%s/proxy", route.GetNamespace(), service, port)
	(&httputil.ReverseProxy{Transport: transport, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(server) }}).ServeHTTP(out, in)
}

func specOf(route *unstructured.Unstructured, path ...string) string {
	text, _, _ := unstructured.NestedString(route.Object, append([]string{"spec"}, path...)...)
	return text
}
