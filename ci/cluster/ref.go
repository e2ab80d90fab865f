package cluster

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

func refOf(object *unstructured.Unstructured) Ref {
	return Ref{APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID()}
}

// object is what the reference names, for functions that take objects.
func (r Ref) object() *unstructured.Unstructured {
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

// place tells objects apart whatever version of their kind they are written in.
func (r Ref) place() string {
	group := schema.FromAPIVersionAndKind(r.APIVersion, r.Kind).GroupKind()
	return group.String() + " " + r.Namespace + "/" + r.Name
}

// Refs names the plan's objects as they are now: after Carry, with their uids. What
// stays for its data although the release has it no more is among them, for a
// later release to prune when it is named.
func (p *Plan) Refs() []Ref {
	var out []Ref
	for _, object := range p.objects {
		ref := refOf(object.object)
		if object.live != nil {
			ref.UID = object.live.GetUID()
		}
		out = append(out, ref)
	}
	return append(out, p.lasting...)
}

// Renew puts the uids of the references in now into those of the release that
// name the same objects, and reports whether any was another.
func (r *Release) Renew(now []Ref) (changed bool) {
	for i := range r.Refs {
		for _, ref := range now {
			if ref.place() == r.Refs[i].place() && ref.UID != r.Refs[i].UID {
				r.Refs[i], changed = ref, true
			}
		}
	}
	return changed
}
