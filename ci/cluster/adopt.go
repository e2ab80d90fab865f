package cluster

import (
	"context"
	"crypto/rand"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// splitFields finds what stands between commas that are not in brackets.
var splitFields = regexp.MustCompile(`(?:[^,\[]|\[[^\]]*\])+`)

// adopt finds out which fields of live objects become ours, and which are left.
func adopt(objects []*planned, opts ApplyOptions) error {
	for _, left := range splitFields.FindAllString(strings.Join(opts.Leave, ","), -1) {
		object, field, found := strings.Cut(left, ":")
		i := slices.IndexFunc(objects, func(p *planned) bool { return p.object.GetKind()+"/"+p.object.GetName() == object })
		if !found || field == "" || i < 0 {
			return &Error{Class: Misconfigured, Object: "--leave " + left, Cause: "names no field of an object of the overlay", Try: "write it as Deployment/api:spec.replicas"}
		}
		objects[i].leave = append(objects[i].leave, plain(field))
	}
	for _, p := range objects {
		if p.live == nil {
			continue
		}
		if p.takes = takes(p.live, opts.TakeOver); len(p.takes) == 0 {
			continue
		}
		var err error
		if p.upgraded, err = takenOver(p.live, p.takes); err != nil {
			return &Error{Class: Admission, Object: describe(p.live), Cause: "take over its fields: " + oneLine(err.Error()), Err: err}
		}
		p.note("what " + strings.Join(p.takes, " and ") + " set becomes Slipway's")
	}
	return nil
}

// asNew returns the object as the server would make it anew, nil where it would not.
func (c *Cluster) asNew(ctx context.Context, p *planned) *unstructured.Unstructured {
	object := p.object.DeepCopy()
	object.SetName(strings.ToLower(rand.Text()))
	fresh, err := c.in(p.resource, object.GetNamespace()).Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil
	}
	return fresh
}

// dropTaken removes from what a dry run foresees what the managers had set and we do
// not: the server will, once it is recorded as ours. fresh is the object as it would
// be made anew: what has its value there is a default, and comes back.
func dropTaken(p *planned, fresh *unstructured.Unstructured) {
	ours := &fieldpath.Set{}
	if entry := applied(p.foreseen); entry != nil {
		ours = fieldsOf(*entry)
	}
	if entry := applied(p.upgraded); entry != nil {
		fieldsOf(*entry).Difference(ours).Iterate(func(path fieldpath.Path) {
			field := path.String()
			if !beneath(ours, path).Empty() {
				return // what they recorded is that it is there, and it stays for what is ours in it
			}
			if fresh != nil {
				now, _ := fieldAt(p.live.Object, field)
				if again, is := fieldAt(fresh.Object, field); is && equal(now, again) {
					return
				}
			}
			p.foreseen.Object = without(p.foreseen.Object, field).(map[string]any)
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
