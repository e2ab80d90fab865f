// Package managed reads objects: their names, the order in which they are written,
// and which of their fields are ours as the API server records it in managedFields.
// It sends no request and does not know what an object is for.
package managed

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
	LabelRecord    = "slipway.dev/record"           // "run", "release", "undo" or "history": our own bookkeeping
)

// Describe names an object for people: "Deployment go-demo/api".
func Describe(object *unstructured.Unstructured) string {
	return Name(object.GetKind(), object.GetNamespace(), object.GetName())
}

func Name(kind, namespace, name string) string {
	if namespace == "" {
		return kind + " " + name
	}
	return kind + " " + namespace + "/" + name
}

// undoManager puts back what was nobody's: values that admission or a default had
// set once, which a run has overwritten. A later apply takes them without asking.
const UndoManager = FieldManager + "-undo"

// numberAnnotation, on a record, is the number of the lease under which it was written.
const NumberAnnotation = "slipway.dev/number"

// Key tells objects apart within one cluster.
type Key struct {
	gvk             schema.GroupVersionKind
	namespace, name string
}

func KeyOf(object *unstructured.Unstructured) Key {
	return Key{object.GroupVersionKind(), object.GetNamespace(), object.GetName()}
}

func (k Key) String() string { return fmt.Sprint(Name(k.gvk.Kind, k.namespace, k.name)) }
