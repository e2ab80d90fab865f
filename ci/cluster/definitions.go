package cluster

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// definedKinds are those that a deploy brings with it: the server does not know
// them when the deploy is planned, and discovery, which was asked before, not even
// when they are there.
type definedKinds struct {
	mutex sync.Mutex
	of    map[schema.GroupVersionKind]resource
}

// learn remembers what the definitions among the objects define.
func (d *definedKinds) learn(objects []*unstructured.Unstructured) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, object := range objects {
		if !isDefinition(object) {
			continue
		}
		if d.of == nil {
			d.of = map[schema.GroupVersionKind]resource{}
		}
		for gvk, found := range definedBy(object) {
			d.of[gvk] = found
		}
	}
}

func (d *definedKinds) get(gvk schema.GroupVersionKind) (resource, bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, ok := d.of[gvk]
	return found, ok
}

func isDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition" && object.GroupVersionKind().Group == definitions.Group
}

// definedBy returns where a definition has the objects of each of its versions kept.
func definedBy(definition *unstructured.Unstructured) map[schema.GroupVersionKind]resource {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(definition.Object, path...)
		return value
	}
	group, kind, plural := text("spec", "group"), text("spec", "names", "kind"), text("spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	out := map[schema.GroupVersionKind]resource{}
	for _, entry := range versions {
		version, _ := entry.(map[string]any)
		if name, _ := version["name"].(string); version["served"] == true {
			at := schema.GroupVersionResource{Group: group, Version: name, Resource: plural}
			out[at.GroupVersion().WithKind(kind)] = resource{gvr: at, namespaced: text("spec", "scope") == "Namespaced"}
		}
	}
	return out
}

// definitionsIn returns the definitions among objects: those that follow may be of
// the kinds that they define.
func definitionsIn(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(object *unstructured.Unstructured) bool { return !isDefinition(object) })
}

// define remembers the kinds that the objects define: the server does not know them yet.
func (c *Cluster) define(objects []*unstructured.Unstructured) { c.defined.learn(objects) }

// defines reports whether a kind is one of those that were remembered.
func (c *Cluster) defines(kind schema.GroupVersionKind) bool {
	_, defined := c.defined.get(kind)
	return defined
}
