package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// security describes the strictest level of Pod Security that all pods keep within, unless
// it is that of the built-in namespaces.
func (l *look) security(objects []*unstructured.Unstructured) string {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return ""
	}
	var before string
	for _, level := range []api.Level{api.LevelRestricted, api.LevelBaseline, api.LevelPrivileged} {
		breaks := breaking(evaluator, level, objects)
		if len(breaks) > 0 {
			before = fmt.Sprintf("podSecurity: pods do not keep within the level %s: %s", level, strings.Join(breaks, "; "))
			continue
		}
		if level == api.LevelRestricted {
			return ""
		}
		l.decide("%s", before)
		return fmt.Sprintf("podSecurity: %s # of the namespaces that bootstrap makes; the manifests do not keep within a stricter level\n", level)
	}
	return ""
}

// breaking says why pods do not keep within a level, each reason once, with the workloads.
func breaking(evaluator policy.Evaluator, level api.Level, objects []*unstructured.Unstructured) (out []string) {
	workloads := map[string][]string{}
	for _, object := range objects {
		template := manifest.PodOf(object)
		if template == nil {
			continue
		}
		var why []string
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, metadata(template), &template.Spec) {
			if !result.Allowed && !slices.Contains(why, result.ForbiddenReason) {
				why = append(why, result.ForbiddenReason)
			}
		}
		if reason := strings.Join(why, ", "); reason != "" {
			workloads[reason] = append(workloads[reason], object.GetKind()+" "+object.GetName())
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(workloads)) {
		out = append(out, strings.Join(workloads[reason], ", ")+" ("+reason+")")
	}
	return out
}

func metadata(template *corev1.PodTemplateSpec) *metav1.ObjectMeta { return &template.ObjectMeta }
