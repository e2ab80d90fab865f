package adopt

import (
	"fmt"
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
	for _, level := range []api.Level{api.LevelRestricted, api.LevelBaseline, api.LevelPrivileged} {
		breaks := breaking(evaluator, level, objects)
		if len(breaks) > 0 {
			l.decide("pods do not keep within Pod Security's level %s: %s", level, strings.Join(breaks, "; "))
			continue
		}
		if level == api.LevelRestricted {
			return ""
		}
		return fmt.Sprintf("podSecurity: %s # of the namespaces that bootstrap makes; the manifests do not keep within a stricter level\n", level)
	}
	return ""
}

// breaking says of each workload why its pods do not keep within a level.
func breaking(evaluator policy.Evaluator, level api.Level, objects []*unstructured.Unstructured) (out []string) {
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
		if len(why) > 0 {
			out = append(out, object.GetKind()+" "+object.GetName()+" ("+strings.Join(why, ", ")+")")
		}
	}
	return out
}

func metadata(template *corev1.PodTemplateSpec) *metav1.ObjectMeta { return &template.ObjectMeta }
