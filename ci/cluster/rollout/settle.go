package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// settle applies the time that a problem or a lack has lasted to a finding. It
// returns the error of a problem that is final, else when to look again.
func (w *waiting) settle(ctx context.Context, t *target, f *finding, now time.Time, seen map[string]time.Time) (next time.Duration, err error) {
	next = time.Hour
	if f.again > 0 {
		next = f.again
	}
	lasts := func(id string) time.Duration {
		if seen[id] = now; !w.since[id].IsZero() {
			seen[id] = w.since[id]
		}
		return now.Sub(seen[id])
	}
	object := managed.KeyOf(t.object).String()
	if f.patience > 0 {
		left := f.patience - lasts(object+" lacks")
		if left <= 0 {
			*f = finding{left: f.left}
			return next, nil
		}
		next = min(next, left)
	}
	if f.lacks == "" || f.problem == nil {
		return next, nil
	}
	id := object + " " + f.problem.Id
	left := f.problem.GraceAfter(w.asked[id]) - lasts(id)
	if left > 0 {
		return min(next, left), nil
	}
	if final, found := w.prove(ctx, f.problem, w.asked[id]); final != nil {
		return 0, w.explain(ctx, t, final, found)
	}
	w.asked[id]++
	seen[id] = now
	return min(next, f.problem.GraceAfter(w.asked[id])), nil
}

// prove returns what a problem whose grace is over really is, with the events
// about it; nil if it may still pass.
func (w *waiting) prove(ctx context.Context, p *diagnose.Problem, asked int) (*diagnose.Problem, []*corev1.Event) {
	if p.Missing && w.makersPending() {
		return nil, nil
	}
	found, err := diagnose.EventsAbout(ctx, w.cluster, p.About)
	if err != nil {
		found = []*corev1.Event{{Type: corev1.EventTypeWarning, Reason: "unknown", Message: "events could not be read: " + err.Error()}}
	}
	if p.Prove == nil {
		return p, found
	}
	return p.Prove(p, diagnose.Proof{Events: found, Asked: asked, Node: func(name string) *corev1.Node { return diagnose.Node(ctx, w.cluster, name) }}), found
}

// makersPending reports whether an object of a custom kind is not done yet: one
// that may be about to make the Secret that a pod misses.
func (w *waiting) makersPending() bool {
	for _, t := range w.targets {
		if t.custom() && w.told[managed.KeyOf(t.object)] != "ready" {
			return true
		}
	}
	return false
}

// instance is one start of a container.
type instance struct {
	pod       types.UID
	container string
	restarts  int32
}

// runTime returns for how long a container runs without a restart. Its own time
// counts when it is long; else the node's clock may differ from ours by as much,
// and what was seen counts.
func (w *waiting) runTime(pod *corev1.Pod, status corev1.ContainerStatus, now time.Time) time.Duration {
	if status.State.Running == nil {
		return 0
	}
	if age := now.Sub(status.State.Running.StartedAt.Time); age > runsLong {
		return age
	}
	id := instance{pod.UID, status.Name, status.RestartCount}
	if w.ran[id].IsZero() {
		w.ran[id] = now
	}
	return now.Sub(w.ran[id])
}

func (w *waiting) runTimeAt(now time.Time) diagnose.Ran {
	return func(pod *corev1.Pod, status corev1.ContainerStatus) time.Duration { return w.runTime(pod, status, now) }
}

// over explains what was not done when the context ended.
func (w *waiting) over(ctx context.Context) error {
	if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("wait: %w", context.Cause(ctx))
	}
	lasts, silence := w.cluster.Silence()
	if w.before == nil {
		out := &cluster.Error{Class: cluster.Unreachable, Cause: "the state of the cluster could not be read before the deadline", Err: context.DeadlineExceeded}
		if silence != nil {
			out.Cause = fmt.Sprintf("deadline passed; the API server has not answered for %s: %s", lasts.Round(time.Second), cluster.NetworkCause(silence))
		}
		return out
	}
	now := w.cluster.Now()
	var lacking []string
	var worst *cluster.Error
	for _, t := range w.targets {
		f := w.judge(t, now)
		if f.lacks == "" {
			continue
		}
		lacking = append(lacking, managed.Describe(t.object)+": "+f.lacks)
		if worst == nil && silence == nil {
			worst = w.explainBest(ctx, t, f)
		}
	}
	switch {
	case silence != nil:
		worst = &cluster.Error{Class: cluster.Unreachable, Try: "check the API server; what is listed was so when it last answered",
			Cause: fmt.Sprintf("deadline passed; the API server has not answered for %s: %s", lasts.Round(time.Second), cluster.NetworkCause(silence))}
	case len(lacking) == 0: // done in the very moment the deadline passed
		return nil
	case worst == nil:
		worst = &cluster.Error{Class: cluster.Timeout, Cause: "deadline passed; " + lacking[0]}
	}
	worst.Evidence = append(lacking, worst.Evidence...)
	worst.Err = context.DeadlineExceeded
	return worst
}

// explainBest returns what explains best at the deadline why an object is not done:
// a problem that would have become final, then a container that is not ready, then
// any other; nil without any.
func (w *waiting) explainBest(ctx context.Context, t *target, f finding) *cluster.Error {
	p := f.problem
	if p == nil || p.Grace >= diagnose.Open || p.Cause == "" {
		p = diagnose.Gravest(diagnose.NotReady(f.pods), p)
	}
	if p == nil {
		return nil
	}
	proven, found := w.prove(ctx, p, 1)
	if proven == nil {
		proven = p
	}
	if proven.Cause == "" {
		return nil
	}
	return w.explain(ctx, t, proven, found)
}
