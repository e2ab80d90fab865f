package pipeline

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// undo puts production back when this run changed it and the new version was
// not verified: the former release is applied again, waited for and tested; of a
// first deploy nothing stays. It has a time of its own, for the run may be over.
func (r *Run) undo(ctx context.Context) *Failure {
	if r.verified || len(written(r.changes)) == 0 {
		return nil
	}
	interrupted := ctx.Err() != nil
	failure := r.stage(context.WithoutCancel(ctx), Stage{Name: "undo", Code: ExitUndo, Run: func(ctx context.Context) error {
		return r.putBack(ctx, interrupted)
	}})
	r.report.Undo.Done = failure == nil
	if failure != nil {
		failure.Code = ExitUndo
		failure.Try = r.byHand()
		r.report.Undo.Error = failure.Error()
	}
	return failure
}

func (r *Run) putBack(ctx context.Context, interrupted bool) error {
	created := r.created()
	if r.former == nil {
		r.note("undo", "remove what the first deploy made")
		r.detail = "first deploy removed"
		return r.remove(ctx, created)
	}
	r.note("undo", "apply "+r.former.Version+" again")
	changes, err := r.env.Cluster.Apply(ctx, r.former.Objects, cluster.ApplyOptions{})
	r.record(restored(changes))
	if err != nil {
		return err
	}
	if err := r.remove(ctx, without(created, r.former.Objects)); err != nil {
		return err
	}
	if err := r.wait(ctx, "undo", r.former.Objects); err != nil {
		return err
	}
	if interrupted {
		if err := r.renewEngine(ctx); err != nil {
			return err
		}
		defer r.env.Engine.Close()
	}
	url, err := r.testProduction(ctx, "undo", r.former.Objects, r.former.Version)
	if err == nil {
		r.detail = "production verified back on " + r.former.Version + " at " + url
	}
	return err
}

// renewEngine opens a new session, in which the tests' image is found in the cache.
func (r *Run) renewEngine(ctx context.Context) (err error) {
	if r.env.Engine, err = r.env.Reconnect(ctx); err == nil {
		r.tests = r.target(r.app.TestTarget)
	}
	return err
}

// remove deletes objects that this run's deploy made, and the volumes that came
// with them: their data is younger than this run, and a later first deploy would
// otherwise find a database that it did not make.
func (r *Run) remove(ctx context.Context, created []*unstructured.Unstructured) error {
	changes, err := r.env.Cluster.Delete(ctx, created)
	r.record(changes)
	if err != nil {
		return err
	}
	claims, err := r.env.Cluster.Claims(ctx, created)
	if err != nil {
		return err
	}
	changes, err = r.env.Cluster.Delete(ctx, without(claims, r.claims))
	r.record(changes)
	return err
}

// created are the objects that this run's deploy made.
func (r *Run) created() []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, c := range r.changes {
		for _, object := range r.production {
			if c.Action == cluster.Created && c.Kind == object.GetKind() && c.Namespace == object.GetNamespace() && c.Name == object.GetName() {
				out = append(out, object)
			}
		}
	}
	return out
}

// without returns the objects that are not among others.
func without(objects, others []*unstructured.Unstructured) []*unstructured.Unstructured {
	id := func(o *unstructured.Unstructured) string {
		return o.GroupVersionKind().GroupKind().String() + " " + o.GetNamespace() + "/" + o.GetName()
	}
	known := map[string]bool{}
	for _, other := range others {
		known[id(other)] = true
	}
	var out []*unstructured.Unstructured
	for _, object := range objects {
		if !known[id(object)] {
			out = append(out, object)
		}
	}
	return out
}

// restored marks what was written to go back.
func restored(changes []cluster.Change) []cluster.Change {
	for i := range changes {
		if changes[i].Action != cluster.Unchanged {
			changes[i].Action = cluster.Restored
		}
	}
	return changes
}

// byHand is what a person can do where the undo could not.
func (r *Run) byHand() string {
	if r.former == nil {
		return fmt.Sprintf("remove it by hand: kubectl -n %s delete all,ingress,pvc -l %s=%s", r.opts.Namespace, cluster.LabelRun, r.opts.Run)
	}
	return fmt.Sprintf("go back by hand: kubectl -n %s set image deployment/%s '*=%s@%s'", r.opts.Namespace, r.app.Service, r.repository, r.former.Digest)
}
