package managed

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// annotated is an object with annotations, given as name and value in turn.
func annotated(name string, annotations ...string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"kind": "Job"}}
	object.SetName(name)
	set := map[string]string{}
	for i := 0; i < len(annotations); i += 2 {
		set[annotations[i]] = annotations[i+1]
	}
	object.SetAnnotations(set)
	return object
}

func TestWavesOfOtherToolsAreOrderedAsTheseOrderThem(t *testing.T) {
	t.Parallel()
	given := []*unstructured.Unstructured{
		annotated("plain"),
		annotated("wave 1", WaveAnnotation, "1"),
		annotated("wave -9", WaveAnnotation, "-9"),
		annotated("sync wave -1", argoWave, "-1"),
		annotated("sync hook", argoHook, "Sync", argoWave, "1"),
		annotated("before", helmHook, "pre-install,pre-upgrade"),
		annotated("before, 5", helmHook, "pre-upgrade, pre-install", helmWeight, "5"),
		annotated("pre-sync", argoHook, "PreSync"),
		annotated("after", helmHook, "post-install,post-upgrade", helmWeight, "-3"),
		annotated("post-sync", argoHook, "PostSync"),
		annotated("Argo's hook and Helm's", helmHook, "test", argoHook, "PreSync", argoWave, "5"),
		annotated("Argo's wave on Helm's hook", helmHook, "pre-install,pre-upgrade", helmWeight, "7", argoWave, "5"),
		annotated("ours decides", helmHook, "test", argoHook, "Skip", argoWave, "x", WaveAnnotation, "1"),
		annotated("a weight without a hook", helmWeight, "-4"),
	}
	var names [][]string
	for _, wave := range Waves(given) {
		var in []string
		for _, object := range wave {
			require.Empty(t, problemOf(object))
			in = append(in, object.GetName())
		}
		names = append(names, in)
	}
	require.Equal(t, [][]string{
		{"before", "pre-sync"}, {"before, 5", "Argo's hook and Helm's", "Argo's wave on Helm's hook"},
		{"wave -9"}, {"sync wave -1"}, {"plain", "a weight without a hook"}, {"wave 1", "sync hook", "ours decides"},
		{"after"}, {"post-sync"},
	}, names)
}

func problemOf(object *unstructured.Unstructured) string {
	cause, _ := WaveProblem(object)
	return cause
}

func TestAHookThatADeployHasNoPlaceForIsNamedWithWhatToWriteInstead(t *testing.T) {
	t.Parallel()
	for hook, instead := range map[string]string{
		"pre-install":                        `write "pre-install,pre-upgrade"`,
		"pre-upgrade":                        `write "pre-install,pre-upgrade"`,
		"post-upgrade":                       `write "post-install,post-upgrade"`,
		"post-install,pre-upgrade":           "say with slipway.dev/wave",
		"pre-install,pre-upgrade,pre-delete": "say with slipway.dev/wave",
		"pre-rollback":                       "say with slipway.dev/wave",
		"test":                               "functional or the production tests",
		"crd-install":                        "leave the annotation out",
		"":                                   "say with slipway.dev/wave",
	} {
		cause, try := WaveProblem(annotated("a", helmHook, hook))
		require.Contains(t, cause, "annotation helm.sh/hook: \""+hook+"\" means nothing in a deploy", hook)
		require.Contains(t, try, instead, hook)
	}
	for _, hook := range []string{"SyncFail", "Skip", "PostDelete", "PreSync,PostSync", "presync"} {
		cause, try := WaveProblem(annotated("a", argoHook, hook))
		require.Contains(t, cause, "annotation argocd.argoproj.io/hook: \""+hook+"\"", hook)
		require.Contains(t, try, "slipway.dev/wave", hook)
	}
	for _, annotation := range []string{WaveAnnotation, argoWave, helmWeight} {
		require.Equal(t, "annotation "+annotation+` is not a whole number: "first"`, problemOf(annotated("a", annotation, "first", helmHook, "pre-install,pre-upgrade")))
	}
}
