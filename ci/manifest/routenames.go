package manifest

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// followRoutes lets routes of the Gateway API and of OpenShift name the beta's own Services
// and Gateways, whose names end with the suffix. kustomize does so for Ingresses; a
// reference to another namespace it could not tell apart.
func followRoutes(objects []*unstructured.Unstructured, layer Layer) {
	if layer.NameSuffix == "" {
		return
	}
	own := map[string]bool{}
	for _, object := range objects {
		if name, ok := strings.CutSuffix(object.GetName(), layer.NameSuffix); ok {
			own[object.GetKind()+" "+name] = true
		}
	}
	for _, object := range objects {
		for _, at := range refersAt[object.GroupVersionKind().Group+"/"+object.GetKind()] {
			for _, ref := range refsAt(object.Object, at.path) {
				follow(ref, at.kind, own, layer)
			}
		}
	}
}

// refField is where a route names an object, and of which kind that is unless it says so.
type refField struct {
	path []string
	kind string
}

var (
	gatewayRefs = []refField{
		{[]string{"spec", "parentRefs"}, "Gateway"}, {[]string{"spec", "rules", "backendRefs"}, "Service"},
		{[]string{"spec", "rules", "filters", "requestMirror", "backendRef"}, "Service"},
	}
	refersAt = map[string][]refField{
		"gateway.networking.k8s.io/HTTPRoute": gatewayRefs,
		"gateway.networking.k8s.io/GRPCRoute": gatewayRefs,
		"route.openshift.io/Route":            {{[]string{"spec", "to"}, "Service"}, {[]string{"spec", "alternateBackends"}, "Service"}},
	}
)

// refsAt returns the objects at a path, through lists.
func refsAt(value any, path []string) []map[string]any {
	found := []any{value}
	for _, field := range path {
		var next []any
		for _, value := range found {
			if fields, ok := value.(map[string]any); ok {
				next = append(next, fields[field])
			}
		}
		found = nil
		for _, value := range next {
			if list, ok := value.([]any); ok {
				found = append(found, list...)
			} else {
				found = append(found, value)
			}
		}
	}
	return items(found)
}

func follow(ref map[string]any, kind string, own map[string]bool, layer Layer) {
	if said, _ := ref["kind"].(string); said != "" {
		kind = said
	}
	name, _ := ref["name"].(string)
	namespace, _ := ref["namespace"].(string)
	if (namespace == "" || namespace == layer.Namespace) && own[kind+" "+name] {
		ref["name"] = name + layer.NameSuffix
	}
}
