package apply

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
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
func settle(ctx context.Context, c *cluster.Cluster, p *Planned, found []managed.Conflict) ([]managed.Conflict, error) {
	wanted := p.Object.DeepCopy()
	var others []managed.Conflict
	var notes []string
	force := p.force
	for _, f := range found {
		switch {
		case f.Manager == managed.UndoManager, slices.Contains(p.takes, f.Manager):
			force = true
		case slices.Contains(controllers, f.Manager):
			wanted.Object = managed.Without(wanted.Object, f.Field).(map[string]any)
			notes = append(notes, managed.Plain(f.Field)+" is left to "+f.Manager)
		case isLeft(f, p.leave):
			wanted.Object = managed.Without(wanted.Object, f.Field).(map[string]any)
			notes = append(notes, managed.Plain(f.Field)+" is left as "+f.Manager+" has set it")
		default:
			others = append(others, f)
		}
	}
	if len(others) > 0 {
		forced, err := c.In(p.Resource, wanted.GetNamespace()).Apply(ctx, wanted.GetName(), wanted,
			metav1.ApplyOptions{FieldManager: managed.FieldManager, Force: true, DryRun: []string{metav1.DryRunAll}})
		switch {
		case err == nil:
			others = slices.DeleteFunc(others, func(f managed.Conflict) bool {
				after, _ := managed.FieldAt(forced.Object, f.Field)
				return sameInWords(p.Live, f.Field, after)
			})
		case !isUnchangeableJob(p, err): // of one that would be made anew, what others have set would go
			return nil, err
		}
		force = true
	}
	if len(others) == 0 {
		p.Object.Object, p.force = wanted.Object, force
		if len(notes) > 0 {
			p.note(strings.Join(notes, ", "))
		}
	}
	return others, nil
}

// sameInWords reports whether a field of the live object has that value already, though
// it may be written in another way: only the kind's own type knows a quantity.
func sameInWords(live *unstructured.Unstructured, field string, value any) bool {
	now, is := managed.FieldAt(live.Object, field)
	if !is || value == nil || equality.Semantic.DeepEqual(now, value) {
		return is && value != nil
	}
	other := live.DeepCopy()
	other.Object = managed.Edited(other.Object, field, value).(map[string]any)
	left, err := scheme.Scheme.New(live.GroupVersionKind())
	if err != nil {
		return false // not Kubernetes' own kind
	}
	right := left.DeepCopyObject()
	convert := runtime.DefaultUnstructuredConverter.FromUnstructured
	return convert(live.Object, left) == nil && convert(other.Object, right) == nil && equality.Semantic.DeepEqual(left, right)
}

// isLeft reports whether the field is one of those to leave, or lies below one.
func isLeft(f managed.Conflict, leave []string) bool {
	field := managed.Plain(f.Field)
	return slices.ContainsFunc(leave, func(left string) bool {
		rest, below := strings.CutPrefix(field, left)
		return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func (p *Planned) note(text string) {
	if p.Change.Note != "" && p.Change.Note != text {
		text = p.Change.Note + ", " + text
	}
	p.Change.Note = text
}
