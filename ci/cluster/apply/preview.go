package apply

import (
	"encoding/base64"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/diff"
)

// Preview is a change that a plan holds and what it does to the fields that are
// ours. Values of Secrets are hidden in it, wherever they stand.
type Preview struct {
	write.Change
	Fields []diff.Field `json:"fields,omitempty"`
	Hunks  []diff.Hunk  `json:"-"` // the same for people, but for:
	Labels []diff.Hunk  `json:"-"` // the labels that all objects of ours have, which change on all at once
}

// Preview returns the plan's changes with what becomes of our fields: what is live
// of those that we own, or would own, beside what the dry run has made of them. An
// object that was not dry-run is shown as it would be written.
//
// The label of the run is left out, as it is where a plan decides whether an object
// changes.
func (p *Plan) Preview() []Preview {
	hide := p.hiding()
	var out []Preview
	for _, object := range p.Objects {
		preview := Preview{Change: object.Change}
		if object.Change.Action != write.Unchanged {
			preview.show(object.states(), hide(object.Object))
			preview.explain(object)
		}
		out = append(out, preview)
	}
	for _, live := range p.Pruned {
		preview := Preview{Change: write.ChangeOf(live, write.Deleted)}
		preview.show(states{before: nameless(managed.OwnedFields(live))}, hide(live))
		out = append(out, preview)
	}
	for _, kept := range p.Kept {
		out = append(out, Preview{Change: kept})
	}
	return out
}

// hiding returns, for each object, what hides the values that the plan's Secrets
// have or will have.
func (p *Plan) hiding() func(*unstructured.Unstructured) diff.Hide {
	all := append([]*unstructured.Unstructured{}, p.Pruned...)
	for _, object := range p.Objects {
		all = append(all, object.Object)
		for _, state := range []*unstructured.Unstructured{object.Live, object.foreseen} {
			if state != nil {
				all = append(all, state)
			}
		}
	}
	return hiding(managed.SecretValues(all))
}

// hiding returns, for each object, what hides the values.
func hiding(values []string) func(*unstructured.Unstructured) diff.Hide {
	return func(object *unstructured.Unstructured) diff.Hide {
		return func(at diff.Path, text string) string {
			if object.GetKind() == "Secret" && len(at) > 0 && (at[0] == ".data" || at[0] == ".stringData") {
				return diff.Hidden
			}
			return managed.Mask(text, values)
		}
	}
}

// states are what is or would be ours of an object, without what names it.
type states struct {
	before, after map[string]any
	left          map[string]any // as after, with what stays of the fields that are given up; nil: not known
}

func (p *Planned) states() states {
	switch {
	case p.Live == nil && p.foreseen == nil:
		return states{after: nameless(textsAsData(p.Object))}
	case p.Live == nil:
		return states{after: nameless(managed.OwnedFields(p.foreseen))}
	case p.foreseen == nil:
		return states{before: nameless(managed.OwnedFields(p.Live)), after: nameless(textsAsData(p.Object))}
	}
	if p.Upgraded != nil { // all that was taken over is compared, whoever set it
		all := managed.Merged(managed.OurFields(p.Upgraded), managed.OurFields(p.foreseen))
		before, after := nameless(managed.Reduced(p.Live, all)), nameless(managed.Reduced(p.foreseen, all))
		unstructured.RemoveNestedField(before, "metadata", "annotations", lastApplied) // it repeats the object, a Secret's values too
		return states{before: before, after: after, left: after}
	}
	all := managed.Merged(managed.OurFields(p.Live), managed.OurFields(p.foreseen))
	return states{before: nameless(managed.Reduced(p.Live, all)), after: nameless(managed.OwnedFields(p.foreseen)), left: nameless(managed.Reduced(p.foreseen, all))}
}

// nameless is the content of an object without what its heading says.
func nameless(object *unstructured.Unstructured) map[string]any {
	out := managed.Content(object)
	delete(out, "apiVersion")
	delete(out, "kind")
	return out
}

// textsAsData writes a Secret as the server keeps it.
func textsAsData(object *unstructured.Unstructured) *unstructured.Unstructured {
	texts, found, err := unstructured.NestedMap(object.Object, "stringData")
	if object.GetKind() != "Secret" || !found || err != nil {
		return object
	}
	out := object.DeepCopy()
	unstructured.RemoveNestedField(out.Object, "stringData")
	data, _, _ := unstructured.NestedMap(out.Object, "data")
	if data == nil {
		data = map[string]any{}
	}
	for key, text := range texts {
		data[key] = base64.StdEncoding.EncodeToString(fmt.Append(nil, text))
	}
	out.Object["data"] = data
	return out
}

// show fills in how the states differ.
func (p *Preview) show(s states, hide diff.Hide) {
	p.Fields = diff.Fields(s.before, s.after, s.left, hide)
	labelsBefore, before := apart(s.before)
	labelsAfter, after := apart(s.after)
	p.Hunks, p.Labels = diff.Hunks(before, after, hide), diff.Hunks(labelsBefore, labelsAfter, hide)
}

// apart divides our fields into the labels that all objects of ours have, and the
// rest.
func apart(fields map[string]any) (labels, rest map[string]any) {
	object := &unstructured.Unstructured{Object: fields}
	common := map[string]any{}
	for _, label := range []string{managed.LabelManagedBy, managed.LabelVersion} {
		if value, set := object.GetLabels()[label]; set {
			common[label] = value
			unstructured.RemoveNestedField(fields, "metadata", "labels", label)
		}
	}
	if len(common) > 0 {
		labels = map[string]any{"metadata": map[string]any{"labels": common}}
	}
	return labels, managed.Content(object)
}

// explain says in the note why an object is written of which nothing of ours changes.
func (p *Preview) explain(object *Planned) {
	if len(p.Fields) > 0 || p.Action != write.Configured {
		return
	}
	if p.Note != "" {
		p.Note += ", "
	}
	if managed.Applied(object.Live) == nil {
		p.Note += "it is as wanted already, its fields become Slipway's"
	} else {
		p.Note += "none of Slipway's fields changes, but the server itself changes others"
	}
}
