package managed

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Ref names one object for later: with its uid, so that another of the same name
// is never taken for it.
type Ref struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Namespace  string    `json:"namespace,omitempty"`
	Name       string    `json:"name"`
	UID        types.UID `json:"uid,omitempty"`
	Run        string    `json:"run,omitempty"` // without a uid: the run that may yet create it, see UndoRecord.Awaited
}

func RefOf(object *unstructured.Unstructured) Ref {
	return Ref{APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID()}
}

// Object is what the reference names, for functions that take objects.
func (r Ref) Object() *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{}}
	out.SetAPIVersion(r.APIVersion)
	out.SetKind(r.Kind)
	out.SetNamespace(r.Namespace)
	out.SetName(r.Name)
	if r.UID != "" {
		out.SetUID(r.UID)
	}
	return out
}

// Place tells objects apart whatever version of their kind they are written in.
func (r Ref) Place() string {
	group := schema.FromAPIVersionAndKind(r.APIVersion, r.Kind).GroupKind()
	return group.String() + " " + r.Namespace + "/" + r.Name
}

// Means reports whether the live object of the reference's name is the one it names.
func (r Ref) Means(live *unstructured.Unstructured) bool {
	if r.UID == "" {
		return r.Run != "" && live.GetLabels()[LabelRun] == r.Run
	}
	return live.GetUID() == r.UID
}
