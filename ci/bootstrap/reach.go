package bootstrap

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/route"
)

var (
	reading = []string{"get", "list", "watch"}
	writing = []string{"get", "list", "watch", "create", "update", "patch", "delete"}
)

// letBeReached adds the rights that it takes to make, and to find the address of, what an
// overlay holds beside the kinds of Kubernetes itself: routes of the Gateway API and of
// OpenShift, Gateways, which may be in other namespaces, and nodes, where a Service has a
// port of theirs. An application that has none of these gets none of the rights.
func letBeReached(objects, held []*unstructured.Unstructured, namespace string, labels map[string]string) []*unstructured.Unstructured {
	for _, kind := range route.Kinds {
		if kind.Kind == "Ingress" || !slices.ContainsFunc(held, func(o *unstructured.Unstructured) bool { return o.GroupVersionKind().GroupKind() == kind.GroupKind }) {
			continue
		}
		resources := []string{kind.Resource.Resource}
		if kind.Kind == "Route" {
			resources = append(resources, "routes/custom-host") // to name a host oneself
		}
		let(objects, rule(kind.Group, resources, writing...))
	}
	if slices.ContainsFunc(held, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == "Gateway" && o.GroupVersionKind().Group == cluster.Gateways.Group
	}) {
		let(objects, rule(cluster.Gateways.Group, []string{cluster.Gateways.Resource}, writing...))
	}
	for _, parent := range route.Parents(held...) {
		read := rule(cluster.Gateways.Group, []string{cluster.Gateways.Resource}, reading...)
		read["resourceNames"] = []any{parent.Name}
		if parent.Namespace == "" || parent.Namespace == namespace {
			let(objects, read)
			continue
		}
		name := account.Account + "." + namespace + "." + parent.Name // no two namespaces make one of it
		objects = append(objects, granted("Role", parent.Namespace, name, namespace, read, labels)...)
	}
	if slices.ContainsFunc(held, onNodes) {
		read := rule("", []string{cluster.Nodes.Resource}, reading...)
		objects = append(objects, granted("ClusterRole", "", account.Account+"-nodes."+namespace, namespace, read, labels)...)
	}
	return objects
}

func onNodes(object *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
	return object.GetKind() == "Service" && kind == string(corev1.ServiceTypeNodePort)
}

// let adds a rule to the role of the namespace's account.
func let(objects []*unstructured.Unstructured, rule map[string]any) {
	for _, object := range objects {
		if object.GetKind() == "Role" && object.GetName() == account.Account {
			rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
			object.Object["rules"] = append(rules, rule)
		}
	}
}

func rule(group string, resources []string, verbs ...string) map[string]any {
	return map[string]any{"apiGroups": []any{group}, "resources": texts(resources), "verbs": texts(verbs)}
}

func texts(values []string) (out []any) {
	for _, value := range values {
		out = append(out, value)
	}
	return out
}

// granted are a role with one rule and its binding to the account of a namespace, both in
// another namespace or, of a ClusterRole, in none.
func granted(kind, in, name, namespace string, rule map[string]any, labels map[string]string) []*unstructured.Unstructured {
	named := func(kind string, fields map[string]any) *unstructured.Unstructured {
		object := &unstructured.Unstructured{Object: fields}
		object.SetGroupVersionKind(rbacv1.SchemeGroupVersion.WithKind(kind))
		object.SetName(name)
		object.SetNamespace(in)
		object.SetLabels(labels)
		return object
	}
	return []*unstructured.Unstructured{
		named(kind, map[string]any{"rules": []any{rule}}),
		named(kind+"Binding", map[string]any{
			"roleRef":  map[string]any{"apiGroup": rbacv1.GroupName, "kind": kind, "name": name},
			"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": account.Account, "namespace": namespace}},
		}),
	}
}
