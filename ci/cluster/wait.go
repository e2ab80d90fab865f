package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// waiting is one call of Wait.
type waiting struct {
	cluster  *Cluster
	targets  []*unstructured.Unstructured // of the objects, those that must become something
	views    map[string]*view             // by namespace
	secrets  []string
	progress func(object, state string)
	told     map[key]string
	since    map[string]time.Time // when a problem was first seen
	before   map[types.UID]string // events there already when the wait began: resourceVersion by uid
	ended    map[key]bool         // Jobs that completed; they may be collected afterwards
}

// Wait returns nil when all of the objects are really out: spec observed, newest
// pods all running the wanted image, ready and available, older pods gone,
// Services leading to the new pods only, claims bound, Jobs complete. It watches;
// nothing is polled. progress, if not nil, hears each new state of an object.
//
// It fails as soon as an object cannot get there, with an *Error that names the
// cause (Image, Crash, Admission, Unschedulable, NeverReady, Misconfigured) and
// holds events and log lines; at the deadline of ctx with NeverReady or Timeout
// and what each object lacks. A cancelled ctx is returned as such.
func (c *Cluster) Wait(ctx context.Context, objects []*unstructured.Unstructured, progress func(object, state string)) error {
	if progress == nil {
		progress = func(string, string) {}
	}
	w := &waiting{cluster: c, views: map[string]*view{}, secrets: secretValues(objects), progress: progress,
		told: map[key]string{}, since: map[string]time.Time{}, ended: map[key]bool{}}
	namespaces := map[string][]*unstructured.Unstructured{}
	for _, object := range objects {
		namespaces[object.GetNamespace()] = append(namespaces[object.GetNamespace()], object)
		if needs[object.GroupVersionKind().GroupKind()] != nil {
			w.targets = append(w.targets, object)
		}
	}
	if len(w.targets) == 0 {
		return nil
	}
	watcher := c.watcher()
	inner := watcher.open(context.WithoutCancel(ctx)) // what is known outlives the deadline, to be explained
	defer watcher.close()
	for _, object := range w.targets {
		namespace := object.GetNamespace()
		if w.views[namespace] != nil {
			continue
		}
		view, err := watcher.newView(inner, namespace, namespaces[namespace])
		if err != nil {
			return err
		}
		w.views[namespace] = view
	}
	return w.run(ctx, watcher.changed)
}

// run looks again whenever something changed or a problem's grace is over.
func (w *waiting) run(ctx context.Context, changed <-chan struct{}) error {
	for {
		done, next, err := w.look(ctx, time.Now())
		if done || err != nil {
			return err
		}
		grace := time.NewTimer(next)
		select {
		case <-changed:
		case <-grace.C:
		case <-ctx.Done():
			return w.over(ctx)
		}
		grace.Stop()
	}
}

// look judges all objects at once: done means done at the same moment. next is
// the time until a problem that is seen now becomes final.
func (w *waiting) look(ctx context.Context, now time.Time) (done bool, next time.Duration, err error) {
	for namespace, view := range w.views {
		if synced, err := view.synced(ctx, namespace); !synced || err != nil {
			return false, time.Hour, err
		}
	}
	if w.before == nil {
		w.before = w.eventVersions()
	}
	done, next = true, time.Hour
	seen := map[string]time.Time{}
	for _, object := range w.targets {
		f := w.judge(object)
		w.tell(object, f)
		if f.lacks == "" {
			continue
		}
		done = false
		if f.problem == nil {
			continue
		}
		id := keyOf(object).String() + " " + f.problem.id
		seen[id] = now
		if first, ok := w.since[id]; ok {
			seen[id] = first
		}
		left := f.problem.grace - now.Sub(seen[id])
		if left <= 0 {
			return false, 0, w.cluster.explain(ctx, object, f.problem, w.views[object.GetNamespace()], w.secrets)
		}
		next = min(next, left)
	}
	w.since = seen
	return done, next, nil
}

func (w *waiting) judge(object *unstructured.Unstructured) finding {
	if w.ended[keyOf(object)] {
		return finding{}
	}
	f := w.views[object.GetNamespace()].judge(object, w.cluster.written.get, w.fresh)
	if f.lacks == "" && object.GetKind() == "Job" {
		w.ended[keyOf(object)] = true
	}
	return f
}

func (w *waiting) tell(object *unstructured.Unstructured, f finding) {
	state := f.lacks
	switch {
	case state == "":
		state = "ready"
	case f.problem != nil:
		state = mask(f.problem.cause, w.secrets)
	}
	if w.told[keyOf(object)] != state {
		w.told[keyOf(object)] = state
		w.progress(describe(object), state)
	}
}

func (w *waiting) eventVersions() map[types.UID]string {
	out := map[types.UID]string{}
	for _, view := range w.views {
		for _, event := range listOf[*corev1.Event](view.informers[events].List()) {
			out[event.UID] = event.ResourceVersion
		}
	}
	return out
}

func (w *waiting) fresh(event *corev1.Event) bool {
	return w.before[event.UID] != event.ResourceVersion
}

// over explains what was not done when the context ended.
func (w *waiting) over(ctx context.Context) error {
	if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("wait: %w", context.Cause(ctx))
	}
	if w.before == nil {
		return &Error{Class: Unreachable, Cause: "the state of the cluster could not be read before the deadline", Err: context.DeadlineExceeded}
	}
	var lacking []string
	var worst *Error
	for _, object := range w.targets {
		f := w.judge(object)
		if f.lacks == "" {
			continue
		}
		lacking = append(lacking, describe(object)+": "+f.lacks)
		if p := firstProblem(f.problem, notReady(f.pods)); p != nil && worst == nil {
			worst = w.cluster.explain(ctx, object, p, w.views[object.GetNamespace()], w.secrets)
		}
	}
	switch {
	case len(lacking) == 0: // done in the very moment the deadline passed
		return nil
	case worst == nil:
		worst = &Error{Class: Timeout, Cause: "deadline passed; " + lacking[0]}
	}
	worst.Evidence = append(lacking, worst.Evidence...)
	worst.Err = context.DeadlineExceeded
	return worst
}
