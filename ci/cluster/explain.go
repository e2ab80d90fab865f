package cluster

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	corev1 "k8s.io/api/core/v1"
)

// explain makes the error of a problem, with what was seen as evidence.
func (w *waiting) explain(ctx context.Context, t *target, p *problem, found []*corev1.Event) *Error {
	out := &Error{Class: p.class, Object: describe(t.object), Cause: mask(p.cause, w.secrets), Try: p.try}
	lines := eventLines(found)
	if p.pod != nil && p.from != "" {
		lines = append(lines, w.cluster.logLines(ctx, p.pod, p.from)...)
	}
	if line := w.outageLine(t); line != "" {
		lines = append(lines, line)
	}
	for _, line := range lines {
		if line = mask(line, w.secrets); len(line) > evidenceWidth {
			line = strings.ToValidUTF8(line[:evidenceWidth], "") + "..."
		}
		out.Evidence = append(out.Evidence, line)
	}
	return out
}

// outageLine says that a failed update has left nothing that serves: a Deployment
// of strategy Recreate ends its old pods before it makes the new.
func (w *waiting) outageLine(t *target) string {
	d, ok := w.views[t.place].get(t.kept, t.place, t.object.GetName()).(*appsv1.Deployment)
	if !ok || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || d.Status.AvailableReplicas > 0 ||
		slices.ContainsFunc(w.views[t.place].rolloutOf(d).old, func(pod *corev1.Pod) bool { return !over(pod) }) {
		return ""
	}
	return "its strategy is Recreate: the old pods are gone already, nothing answers until this is put right"
}
