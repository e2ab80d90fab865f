// Package rollout knows when an object of each kind is ready, and waits until all are
// and no pod of the former version is left. It does not write and does not know who did.
package rollout

import (
	"cmp"
	"context"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// waiting is one call of Wait.
type waiting struct {
	cluster  *cluster.Cluster
	targets  []*target
	views    map[string]*view // by namespace, "" for what has none
	secrets  []string
	progress func(object, state string)
	told     map[managed.Key]string
	silent   bool                 // it was told that the API server does not answer
	since    map[string]time.Time // when a problem, or a lack that is not waited for without end, was first seen
	asked    map[string]int       // how often a problem was looked into without being final
	ran      map[instance]time.Time
	before   map[types.UID]string // events there already when the wait began: resourceVersion by uid
	ended    map[managed.Key]bool // Jobs that completed; they may be collected afterwards
}

// Wait returns nil when all of the objects are really out: spec observed, newest
// pods all running the wanted image, ready and available, older pods gone,
// Services leading to the new pods only, claims bound, Jobs complete, addresses
// and conditions in status as their kinds define it, and the expressions that
// their annotations slipway.dev/ready give true. It watches; nothing is polled. A server that is away is
// waited for. progress, if not nil, hears each new state of an object, and of the
// "cluster" when it does not answer.
//
// It fails as soon as an object cannot get there, with an *Error that names the
// cause (Image, Crash, Admission, Unschedulable, NeverReady, NoAddress,
// Misconfigured) and holds events and log lines; at the deadline of ctx with one
// of these, Unreachable or Timeout and what each object lacks. A cancelled ctx is
// returned as such.
func Wait(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, progress func(object, state string)) error {
	return WaitAmong(ctx, c, objects, objects, progress)
}

// WaitAmong waits likewise for some of the objects of a deploy: the pods of a Service
// may be those of an object that is written later.
func WaitAmong(ctx context.Context, c *cluster.Cluster, objects, all []*unstructured.Unstructured, progress func(object, state string)) error {
	if progress == nil {
		progress = func(string, string) {}
	}
	w := &waiting{cluster: c, views: map[string]*view{}, secrets: managed.SecretValues(objects), progress: progress, told: map[managed.Key]string{},
		since: map[string]time.Time{}, asked: map[string]int{}, ran: map[instance]time.Time{}, ended: map[managed.Key]bool{}}
	targets, routing, templates := map[string][]*target{}, map[string][]*unstructured.Unstructured{}, templatesOf(all)
	for _, object := range objects {
		if object.GroupVersionKind().GroupKind() == (schema.GroupKind{Kind: "Service"}) {
			routing[object.GetNamespace()] = append(routing[object.GetNamespace()], object)
		}
		t, err := targetOf(ctx, c, object)
		if err != nil {
			return err
		}
		if t = selecting(t, object, templates); t != nil {
			w.targets = append(w.targets, t)
			targets[t.place] = append(targets[t.place], t)
		}
	}
	if len(w.targets) == 0 {
		return nil
	}
	watcher := informer.NewWatcher(c)
	inner := watcher.Open(context.WithoutCancel(ctx)) // what is known outlives the deadline, to be explained
	defer watcher.Close()
	defer c.OnOutage(watcher.Notify)()
	for place, group := range targets {
		view, err := newView(inner, watcher, place, group, routing[place])
		if err != nil {
			return err
		}
		w.views[place] = view
	}
	return w.run(ctx, watcher)
}

// run looks again whenever something changed or a problem's grace is over.
func (w *waiting) run(ctx context.Context, watcher *informer.Watcher) error {
	for {
		done, next, err := w.look(ctx, w.cluster.Now())
		if done || err != nil {
			return err
		}
		if !informer.AwaitChange(ctx, watcher, next) || !gather(ctx) {
			return w.over(ctx)
		}
	}
}

// burst is how long notices are gathered: a rollout of many pods makes hundreds,
// and each look judges every object.
const burst = 10 * time.Millisecond

// gather returns false when ctx is over.
func gather(ctx context.Context) bool {
	select {
	case <-time.After(burst):
		return true
	case <-ctx.Done():
		return false
	}
}

// look judges all objects at once: done means done at the same moment. next is
// the time until it is worth looking again though nothing changed.
func (w *waiting) look(ctx context.Context, now time.Time) (done bool, next time.Duration, err error) {
	next = w.tellOutage()
	heard := true // what is not heard of now is neither taken for done nor for final
	for place, view := range w.views {
		if synced, err := view.synced(ctx, place); !synced || err != nil {
			return false, next, err
		}
		if left, ok := view.current(now); !ok {
			heard, next = false, min(next, left)
		}
	}
	if w.before == nil {
		w.before = w.eventVersions()
	}
	done = heard
	seen := map[string]time.Time{}
	for _, t := range w.targets {
		f := w.judge(t, now)
		if heard {
			again, err := w.settle(ctx, t, &f, now, seen)
			if err != nil {
				return false, 0, err
			}
			next = min(next, again)
		}
		w.tell(t, f)
		done = done && f.lacks == ""
	}
	w.since = seen
	maps.DeleteFunc(w.asked, func(id string, _ int) bool { return seen[id].IsZero() })
	return done, next, nil
}

func (w *waiting) judge(t *target, now time.Time) finding {
	if w.ended[managed.KeyOf(t.object)] {
		return finding{}
	}
	f := w.views[t.place].judge(t, glance{now: now, written: w.cluster.Generation, fresh: w.fresh, ran: w.runTimeAt(now)})
	if f.lacks == "" && t.kept == cluster.Jobs {
		w.ended[managed.KeyOf(t.object)] = true
	}
	return f
}

func (w *waiting) tell(t *target, f finding) {
	state := f.lacks
	switch {
	case state == "":
		state = cmp.Or(f.left, "ready")
	case f.problem != nil && f.problem.Cause != "":
		state = managed.Mask(f.problem.Cause, w.secrets)
	}
	if w.told[managed.KeyOf(t.object)] != state {
		w.told[managed.KeyOf(t.object)] = state
		w.progress(managed.Describe(t.object), state)
	}
}

// tellOutage tells once per outage, when it has lasted for a moment, and returns
// the time until then.
func (w *waiting) tellOutage() time.Duration {
	lasts, cause := w.cluster.Silence()
	switch {
	case cause == nil && w.silent:
		w.silent = false
		w.progress("cluster", "answers again")
	case cause != nil && !w.silent && lasts >= cluster.OutageTold:
		w.silent = true
		w.progress("cluster", "does not answer, trying again ("+cluster.NetworkCause(cause)+")")
	case cause != nil && !w.silent:
		return cluster.OutageTold - lasts
	}
	return time.Hour
}
