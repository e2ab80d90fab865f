package cluster

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// controllers are the field managers that set fields all the time because that is
// their work: what one of them has set is left to it. Every other manager is a
// person or another tool, whose field is not taken without being asked.
var controllers = []string{
	"kube-controller-manager", // the HorizontalPodAutoscaler's replicas, through the subresource scale
	"vpa-updater", "vpa-recommender", "vpa-admission-controller",
	"keda-operator", "keda", "cluster-autoscaler",
	"cainjector", "cert-manager-cainjector",
}

// settle looks at fields that an apply would take from others. A controller's is left
// to it, and so is one that is to be left; what an undo put back for nobody is taken,
// and what the plan takes over; and so is what force would leave as it is, for only
// its notation or a default tells the values apart. It returns the rest.
func (c *Cluster) settle(ctx context.Context, p *planned, found []conflict) ([]conflict, error) {
	wanted := p.object.DeepCopy()
	var others []conflict
	var notes []string
	force := p.force
	for _, f := range found {
		switch {
		case f.manager == undoManager, slices.Contains(p.takes, f.manager):
			force = true
		case slices.Contains(controllers, f.manager):
			wanted.Object = without(wanted.Object, f.field).(map[string]any)
			notes = append(notes, plain(f.field)+" is left to "+f.manager)
		case isLeft(f, p.leave):
			wanted.Object = without(wanted.Object, f.field).(map[string]any)
			notes = append(notes, plain(f.field)+" is left as "+f.manager+" has set it")
		default:
			others = append(others, f)
		}
	}
	if len(others) > 0 {
		forced, err := c.in(p.resource, wanted.GetNamespace()).Apply(ctx, wanted.GetName(), wanted,
			metav1.ApplyOptions{FieldManager: FieldManager, Force: true, DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return nil, err
		}
		others = slices.DeleteFunc(others, func(f conflict) bool {
			after, _ := fieldAt(forced.Object, f.field)
			return sameInWords(p.live, f.field, after)
		})
		force = true
	}
	if len(others) == 0 {
		p.object.Object, p.force = wanted.Object, force
		if len(notes) > 0 {
			p.note(strings.Join(notes, ", "))
		}
	}
	return others, nil
}

// sameInWords reports whether a field of the live object has that value already, though
// it may be written in another way: only the kind's own type knows a quantity.
func sameInWords(live *unstructured.Unstructured, field string, value any) bool {
	now, is := fieldAt(live.Object, field)
	if !is || value == nil || equality.Semantic.DeepEqual(now, value) {
		return is && value != nil
	}
	other := live.DeepCopy()
	other.Object = edited(other.Object, field, value).(map[string]any)
	left, err := scheme.Scheme.New(live.GroupVersionKind())
	if err != nil {
		return false // not Kubernetes' own kind
	}
	right := left.DeepCopyObject()
	convert := runtime.DefaultUnstructuredConverter.FromUnstructured
	return convert(live.Object, left) == nil && convert(other.Object, right) == nil && equality.Semantic.DeepEqual(left, right)
}

// isLeft reports whether the field is one of those to leave, or lies below one.
func isLeft(f conflict, leave []string) bool {
	field := plain(f.field)
	return slices.ContainsFunc(leave, func(left string) bool {
		rest, below := strings.CutPrefix(field, left)
		return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func (p *planned) note(text string) {
	if p.change.Note != "" && p.change.Note != text {
		text = p.change.Note + ", " + text
	}
	p.change.Note = text
}
