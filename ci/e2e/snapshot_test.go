package e2e

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/slipway-cd/slipway/ci/cluster/signingkey"
)

// state maps "Kind namespace/name" to the lines of an object's content.
type state map[string][]string

// requireSame fails with the objects that differ and nothing else.
func requireSame(t *testing.T, before, after state, message string) {
	t.Helper()
	before, after = maps.Clone(before), maps.Clone(after)
	for id, content := range before {
		if slices.Equal(content, after[id]) {
			delete(before, id)
			delete(after, id)
		}
	}
	require.Equal(t, before, after, message)
}

// unwatched are kinds that change by themselves, or only mirror others.
var unwatched = []schema.GroupResource{
	{Resource: "events"}, {Group: "events.k8s.io", Resource: "events"},
	{Resource: "endpoints"}, {Group: "discovery.k8s.io", Resource: "endpointslices"},
	{Resource: "componentstatuses"}, {Resource: "nodes"}, {Group: "storage.k8s.io", Resource: "csinodes"},
	{Group: "certificates.k8s.io", Resource: "certificatesigningrequests"}, // a kubelet's
}

// snapshot returns every object of every kind in the namespaces, and all of the
// cluster's own that no other test and no other user of the sandbox changes: two
// that are equal tell that nothing is left and nothing was touched in between.
func (w *world) snapshot(t *testing.T, n namespaces) state {
	t.Helper()
	lists, err := discovery.ServerPreferredResources(w.typed.Discovery())
	require.NoError(t, err)
	all := state{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		require.NoError(t, err)
		for _, kind := range list.APIResources {
			resource := version.WithResource(kind.Name)
			if !slices.Contains(kind.Verbs, "list") || slices.Contains(unwatched, resource.GroupResource()) {
				continue
			}
			if !kind.Namespaced {
				w.addClusterScoped(t, all, resource, n)
				continue
			}
			for _, namespace := range []string{n.build, n.production} {
				found, err := w.dynamic.Resource(resource).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
				require.NoError(t, err, resource.String())
				all.add(t, found.Items)
			}
		}
	}
	return all
}

// addClusterScoped adds what is not in a namespace: of namespaces, volumes,
// Services' addresses, webhooks and admission policies those that belong to n, for others' come and go.
func (w *world) addClusterScoped(t *testing.T, all state, resource schema.GroupVersionResource, n namespaces) {
	t.Helper()
	found, err := w.dynamic.Resource(resource).List(context.Background(), metav1.ListOptions{})
	require.NoError(t, err, resource.String())
	all.add(t, slices.DeleteFunc(found.Items, func(object unstructured.Unstructured) bool {
		in := ""
		switch resource.Resource {
		case "namespaces":
			in = object.GetName()
		case "persistentvolumes":
			in, _, _ = unstructured.NestedString(object.Object, "spec", "claimRef", "namespace")
		case "ipaddresses":
			in, _, _ = unstructured.NestedString(object.Object, "spec", "parentRef", "namespace")
		case "validatingwebhookconfigurations":
			in = strings.TrimPrefix(object.GetName(), "down-")
		case "validatingadmissionpolicies", "validatingadmissionpolicybindings":
			in = strings.TrimPrefix(object.GetName(), "slipway-account.")
		case "clusterroles", "clusterrolebindings", "ingressclasses":
			what, of, named := strings.Cut(object.GetName(), ".")
			switch {
			case named && (what == "slipway-nodes" || what == "look-around"):
				in = of
			case strings.HasPrefix(object.GetName(), "e2e-"):
				in = object.GetName()
			default:
				return false
			}
		case "mutatingadmissionpolicies", "mutatingadmissionpolicybindings": // none is the program's
		default:
			return false
		}
		return in != n.build && in != n.production
	}))
}

// add keeps what somebody wrote and leaves out what Kubernetes observes, counts or
// renews on its own.
func (s state) add(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		id := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
		if object.GetKind() == "Secret" && object.GetName() == signingkey.Name {
			continue // the first run makes it, and all others use it
		}
		if object.GetKind() == "Secret" && object.GetName() == "slipway-history" {
			continue // each deploy is noted there, also one that was undone
		}
		for _, path := range [][]string{{"metadata", "resourceVersion"}, {"metadata", "managedFields"}, {"status"}} {
			unstructured.RemoveNestedField(object.Object, path...)
		}
		if object.GetKind() == "Lease" {
			unstructured.RemoveNestedField(object.Object, "spec", "renewTime")
		}
		content, err := json.MarshalIndent(object.Object, "", "  ")
		require.NoError(t, err)
		s[id] = strings.Split(string(content), "\n")
	}
}

// without returns the state without the objects whose id begins so.
func (s state) without(prefixes ...string) state {
	out := state{}
	for id, content := range s {
		if !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(id, prefix) }) {
			out[id] = content
		}
	}
	return out
}

// in returns the part of the state that lies in a namespace.
func (s state) in(namespace string) state {
	out := state{}
	for id, content := range s {
		if strings.Contains(id, " "+namespace+"/") {
			out[id] = content
		}
	}
	return out
}

// lock is what a deploy holds: it stays, free, and counts its holders.
func lock(n namespaces) string { return "Lease " + n.production + "/slipway-production" }

// numbered are fields that count changes, or that a change and its undo leave
// different: the release's record holds the uid of what was pruned and is back.
var numbered = regexp.MustCompile(`"(generation|deployment.kubernetes.io/revision|slipway.dev/number)":|"release": "H4sI`)

// restored is the state but for what tells that there was a change and an undo:
// pods are others, a ReplicaSet of the undone version stays in the Deployment's
// history, the lock was held once more, counters have moved.
func (s state) restored(n namespaces) state {
	out := s.without("Pod "+n.production+"/", "ReplicaSet "+n.production+"/", lock(n))
	for id, content := range out {
		out[id] = slices.DeleteFunc(slices.Clone(content), numbered.MatchString)
	}
	return out
}
