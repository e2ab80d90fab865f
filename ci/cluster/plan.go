package cluster

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// parallel bounds the requests under way at once.
const parallel = 16

// planned is one object and what applying it would do.
type planned struct {
	object   *unstructured.Unstructured // as wanted
	live     *unstructured.Unstructured // as it is; nil when it does not exist
	resource resource
	change   Change
}

// Plan returns what Apply would do, by a dry run on the server; nothing is
// written. The error is that of the first object the server would refuse.
func (c *Cluster) Plan(ctx context.Context, objects []*unstructured.Unstructured) ([]Change, error) {
	plan, err := c.plan(ctx, objects)
	changes := make([]Change, 0, len(plan))
	for _, p := range plan {
		changes = append(changes, p.change)
	}
	return changes, err
}

// plan dry-runs every object, in parallel. On error the plan is nil.
func (c *Cluster) plan(ctx context.Context, objects []*unstructured.Unstructured) ([]*planned, error) {
	plan := make([]*planned, len(objects))
	for i, object := range objects {
		found, err := c.resource(ctx, object)
		if err != nil {
			return nil, err
		}
		plan[i] = &planned{object: object, resource: found, change: changeOf(object, "")}
	}
	if err := c.readLive(ctx, plan); err != nil {
		return nil, err
	}
	absent := absentNamespaces(plan)
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, p := range plan {
		group.Go(func() error {
			if slices.Contains(absent, p.object.GetNamespace()) {
				p.change.Action = Created // cannot be dry-run before its namespace exists
				return nil
			}
			return c.dryRun(each, p)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return plan, nil
}

// absentNamespaces returns the namespaces that the plan itself will create.
func absentNamespaces(plan []*planned) []string {
	var out []string
	for _, p := range plan {
		if p.object.GetKind() == "Namespace" && p.live == nil {
			out = append(out, p.object.GetName())
		}
	}
	return out
}

// dryRun has the server apply the object without keeping it, and compares the
// outcome with the live object: only the server knows its defaults and webhooks.
func (c *Cluster) dryRun(ctx context.Context, p *planned) error {
	result, err := c.patch(ctx, p, metav1.DryRunAll)
	if err != nil {
		return err
	}
	switch {
	case p.live == nil:
		p.change.Action = Created
	case same(p.live, result) && applied(p.live):
		p.change.Action = Unchanged
	default:
		p.change.Action = Configured
	}
	return nil
}

// readLive fills in the live objects: one LIST where several of a kind and
// namespace are wanted, one GET where it is one. There is no label selector, for
// an object to adopt does not have our labels yet.
func (c *Cluster) readLive(ctx context.Context, plan []*planned) error {
	type place struct {
		resource  resource
		namespace string
	}
	places := map[place][]*planned{}
	for _, p := range plan {
		at := place{p.resource, p.object.GetNamespace()}
		places[at] = append(places[at], p)
	}
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for at, wanted := range places {
		group.Go(func() error {
			if len(wanted) == 1 {
				return c.getLive(each, wanted[0])
			}
			list, err := c.in(at.resource, at.namespace).List(each, metav1.ListOptions{})
			if err != nil {
				return fromAPI(each, name(wanted[0].object.GetKind(), at.namespace, "*"), "list", err)
			}
			matchLive(wanted, list.Items)
			return nil
		})
	}
	return group.Wait()
}

func (c *Cluster) getLive(ctx context.Context, p *planned) error {
	live, err := c.in(p.resource, p.object.GetNamespace()).Get(ctx, p.object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	p.live = live
	return fromAPI(ctx, describe(p.object), "read", err)
}

func matchLive(wanted []*planned, items []unstructured.Unstructured) {
	byName := map[string]*unstructured.Unstructured{}
	for i := range items {
		byName[items[i].GetName()] = &items[i]
	}
	for _, p := range wanted {
		p.live = byName[p.object.GetName()]
	}
}

// same reports whether two states of an object differ in nothing that a user
// wrote. The run's label does not count: an unchanged object keeps the label of
// the run that last wrote it.
func same(a, b *unstructured.Unstructured) bool {
	return equality.Semantic.DeepEqual(written(a), written(b))
}

func written(object *unstructured.Unstructured) map[string]any {
	out := object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(out.Object, "metadata", "labels", LabelRun)
	unstructured.RemoveNestedField(out.Object, "status")
	return out.Object
}

// applied reports whether we applied the object before. One that happens to be
// as wanted but was made by another is written once, so that we own our fields.
func applied(live *unstructured.Unstructured) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
	})
}
