package rollout

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// explain makes the error of a problem, with what was seen as evidence.
func (w *waiting) explain(ctx context.Context, t *target, p *diagnose.Problem, found []*corev1.Event) *cluster.Error {
	out := &cluster.Error{Class: p.Class, Object: managed.Describe(t.object), Cause: managed.Mask(p.Cause, w.secrets), Try: p.Try}
	lines := diagnose.EventLines(found)
	if p.Pod != nil && p.From != "" {
		lines = append(lines, diagnose.LogLines(ctx, w.cluster, p.Pod, p.From)...)
	}
	if line := w.outageLine(t); line != "" {
		lines = append(lines, line)
	}
	for _, line := range lines {
		if line = managed.Mask(line, w.secrets); len(line) > diagnose.EvidenceWidth {
			line = strings.ToValidUTF8(line[:diagnose.EvidenceWidth], "") + "..."
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

func (w *waiting) eventVersions() map[types.UID]string {
	out := map[types.UID]string{}
	for _, view := range w.views {
		if view.informers[cluster.Events] == nil {
			continue
		}
		for _, event := range informer.ListOf[*corev1.Event](view.informers[cluster.Events].List()) {
			out[event.UID] = event.ResourceVersion
		}
	}
	return out
}

func (w *waiting) fresh(event *corev1.Event) bool {
	return w.before[event.UID] != event.ResourceVersion
}
