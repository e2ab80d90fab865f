package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// FieldManager is the name under which the API server records our fields.
const FieldManager = "slipway"

// Labels and their values on what this package writes.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by" // always FieldManager
	LabelVersion   = "app.kubernetes.io/version"    // that the object belongs to
	LabelRun       = "slipway.dev/run"              // the run that wrote the object
	LabelRecord    = "slipway.dev/record"           // "run", "release" or "undo": our own bookkeeping
)

// describe names an object for people: "Deployment go-demo/api".
func describe(object *unstructured.Unstructured) string {
	return name(object.GetKind(), object.GetNamespace(), object.GetName())
}

func name(kind, namespace, name string) string {
	if namespace == "" {
		return kind + " " + name
	}
	return kind + " " + namespace + "/" + name
}

// undoManager puts back what was nobody's: values that admission or a default had
// set once, which a run has overwritten. A later apply takes them without asking.
const undoManager = FieldManager + "-undo"

// numberAnnotation, on a record, is the number of the lease under which it was written.
const numberAnnotation = "slipway.dev/number"

// key tells objects apart within one cluster.
type key struct {
	gvk             schema.GroupVersionKind
	namespace, name string
}

func keyOf(object *unstructured.Unstructured) key {
	return key{object.GroupVersionKind(), object.GetNamespace(), object.GetName()}
}

func (k key) String() string { return fmt.Sprint(name(k.gvk.Kind, k.namespace, k.name)) }
