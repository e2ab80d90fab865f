package apply

import (
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// splitFields finds what stands between commas that are not in brackets.
var splitFields = regexp.MustCompile(`(?:[^,\[]|\[[^\]]*\])+`)

// adopt finds out which fields of live objects become ours, and which are left.
func adopt(objects []*Planned, opts Options) error {
	for _, left := range splitFields.FindAllString(strings.Join(opts.Leave, ","), -1) {
		object, field, found := strings.Cut(left, ":")
		i := slices.IndexFunc(objects, func(p *Planned) bool { return p.Object.GetKind()+"/"+p.Object.GetName() == object })
		if !found || field == "" || i < 0 {
			return &cluster.Error{Class: cluster.Misconfigured, Object: "--leave " + left, Cause: "names no field of an object of the overlay", Try: "write it as Deployment/api:spec.replicas"}
		}
		objects[i].leave = append(objects[i].leave, managed.Plain(field))
	}
	for _, p := range objects {
		if p.Live == nil {
			continue
		}
		if p.takes = takes(p.Live, opts.TakeOver); len(p.takes) == 0 {
			continue
		}
		var err error
		if p.Upgraded, err = takenOver(p.Live, p.takes); err != nil {
			return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(p.Live), Cause: "take over its fields: " + cluster.OneLine(err.Error()), Err: err}
		}
		p.note("what " + strings.Join(p.takes, " and ") + " set becomes Slipway's")
	}
	return nil
}

// asNew returns the object as the server would make it anew: by a dry run under
// another name, for its own is taken.
func asNew(ctx context.Context, c *cluster.Cluster, p *Planned) (*unstructured.Unstructured, error) {
	object := p.Object.DeepCopy()
	object.SetName(strings.ToLower(rand.Text()))
	fresh, err := c.In(p.Resource, object.GetNamespace()).Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: managed.FieldManager, DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		err = cluster.FromAPI(ctx, managed.Describe(p.Object), "apply", err)
		if known := (*cluster.Error)(nil); errors.As(err, &known) {
			known.Cause = strings.ReplaceAll(known.Cause, object.GetName(), p.Object.GetName())
		}
		return nil, err
	}
	fresh.SetName(p.Object.GetName())
	return fresh, nil
}

// dropTaken removes from what a dry run foresees what the managers had set and we do
// not: the server will, once it is recorded as ours. fresh is the object as it would
// be made anew: what has its value there is a default, and comes back.
func dropTaken(p *Planned, fresh *unstructured.Unstructured) {
	ours := &fieldpath.Set{}
	if entry := managed.Applied(p.foreseen); entry != nil {
		ours = fieldsOf(*entry)
	}
	if entry := managed.Applied(p.Upgraded); entry != nil {
		fieldsOf(*entry).Difference(ours).Iterate(func(path fieldpath.Path) {
			field := path.String()
			if !beneath(ours, path).Empty() {
				return // what they recorded is that it is there, and it stays for what is ours in it
			}
			if fresh != nil {
				now, _ := managed.FieldAt(p.Live.Object, field)
				if again, is := managed.FieldAt(fresh.Object, field); is && managed.Equal(now, again) {
					return
				}
			}
			p.foreseen.Object = managed.Without(p.foreseen.Object, field).(map[string]any)
		})
	}
}

// beneath returns the fields of a set that lie below a path.
func beneath(set *fieldpath.Set, path fieldpath.Path) *fieldpath.Set {
	for _, element := range path {
		set = set.WithPrefix(element)
	}
	return set
}
