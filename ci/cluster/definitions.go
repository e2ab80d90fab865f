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
	of    map[schema.GroupVersionKind]Resource
}

// learn remembers what the definitions among the objects define.
func (d *definedKinds) learn(objects []*unstructured.Unstructured) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, object := range objects {
		if !IsDefinition(object) {
			continue
		}
		if d.of == nil {
			d.of = map[schema.GroupVersionKind]Resource{}
		}
		for gvk, found := range DefinedBy(object) {
			d.of[gvk] = found
		}
	}
}

func (d *definedKinds) get(gvk schema.GroupVersionKind) (Resource, bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, ok := d.of[gvk]
	return found, ok
}

func IsDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition" && object.GroupVersionKind().Group == Definitions.Group
}

// DefinedBy returns where a definition has the objects of each of its versions kept.
func DefinedBy(definition *unstructured.Unstructured) map[schema.GroupVersionKind]Resource {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(definition.Object, path...)
		return value
	}
	group, kind, plural := text("spec", "group"), text("spec", "names", "kind"), text("spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	out := map[schema.GroupVersionKind]Resource{}
	for _, entry := range versions {
		version, _ := entry.(map[string]any)
		if name, _ := version["name"].(string); version["served"] == true {
			at := schema.GroupVersionResource{Group: group, Version: name, Resource: plural}
			out[at.GroupVersion().WithKind(kind)] = Resource{Gvr: at, Namespaced: text("spec", "scope") == "Namespaced"}
		}
	}
	return out
}

// DefinitionsIn returns the definitions among objects: those that follow may be of
// the kinds that they define.
func DefinitionsIn(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(object *unstructured.Unstructured) bool { return !IsDefinition(object) })
}

// Define remembers the kinds that the objects define: the server does not know them yet.
func (c *Cluster) Define(objects []*unstructured.Unstructured) { c.defined.learn(objects) }

// Defines reports whether a kind is one of those that were remembered.
func (c *Cluster) Defines(kind schema.GroupVersionKind) bool {
	_, defined := c.defined.get(kind)
	return defined
}
