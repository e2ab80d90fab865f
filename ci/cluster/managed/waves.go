package managed

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// WaveAnnotation puts an object behind others: all objects of lower waves are
// written, and out, before it is written. Without it an object is of wave 0. It
// decides alone: what other tools' annotations say of the object is then not read.
const WaveAnnotation = "slipway.dev/wave"

// By these Helm and Argo CD order what they write; rendered manifests carry them.
const (
	helmHook   = "helm.sh/hook"
	helmWeight = "helm.sh/hook-weight" // its order among the hooks of its kind
	argoHook   = "argocd.argoproj.io/hook"
	argoWave   = "argocd.argoproj.io/sync-wave" // its order within its phase
)

// turn is when an object is written. Waves count within a phase.
type turn struct{ phase, wave int }

// The phases: hooks before all other objects, these, and hooks after them.
const before, among, after = -1, 0, 1

// WaveProblem returns why an annotation that orders the object cannot be followed,
// and what to write instead; "" when it can.
func WaveProblem(object *unstructured.Unstructured) (cause, try string) {
	_, cause, try = turnOf(object)
	return cause, try
}

// Waves returns the objects grouped by wave, first to last. WaveProblem finds none
// with them.
func Waves(objects []*unstructured.Unstructured) [][]*unstructured.Unstructured {
	byTurn := map[turn][]*unstructured.Unstructured{}
	for _, object := range objects {
		at, _, _ := turnOf(object)
		byTurn[at] = append(byTurn[at], object)
	}
	var out [][]*unstructured.Unstructured
	for _, at := range slices.SortedFunc(maps.Keys(byTurn), func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.wave, b.wave))
	}) {
		out = append(out, byTurn[at])
	}
	return out
}

// turnOf reads the annotations as their tools do: Argo CD looks at Helm's where it has
// no hook of its own, and at Helm's weight where it has no wave.
func turnOf(object *unstructured.Unstructured) (at turn, cause, try string) {
	annotations := object.GetAnnotations()
	order := WaveAnnotation
	if _, ours := annotations[WaveAnnotation]; !ours {
		hook, isArgo := annotations[argoHook]
		helm, isHelm := annotations[helmHook]
		switch {
		case isArgo:
			at.phase, cause, try = argoPhase(hook)
		case isHelm:
			at.phase, cause, try = helmPhase(helm)
		}
		if _, set := annotations[argoWave]; set {
			order = argoWave
		} else if isHelm {
			order = helmWeight
		}
	}
	number, set := annotations[order]
	if cause != "" || !set {
		return at, cause, try
	}
	wave, err := strconv.Atoi(number)
	if err != nil {
		return at, "annotation " + order + " is not a whole number: " + strconv.Quote(number), ""
	}
	at.wave = wave
	return at, "", ""
}

// argoPhase returns the phase of a hook of Argo CD's.
func argoPhase(hook string) (phase int, cause, try string) {
	switch hook {
	case "PreSync":
		return before, "", ""
	case "Sync":
		return among, "", ""
	case "PostSync":
		return after, "", ""
	}
	return among, noEquivalent(argoHook, hook), orElse
}

// helmPhase returns the phase of a hook of Helm's. A deploy does not tell an install
// from an upgrade: an object that is for one of them only would run once too often.
func helmPhase(hook string) (phase int, cause, try string) {
	names := strings.Split(hook, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	slices.Sort(names)
	switch strings.Join(slices.Compact(names), ",") {
	case "pre-install,pre-upgrade":
		return before, "", ""
	case "post-install,post-upgrade":
		return after, "", ""
	case "pre-install", "pre-upgrade":
		return among, noEquivalent(helmHook, hook) + ": a deploy does not tell an install from an upgrade", `write "pre-install,pre-upgrade" where it may run at both`
	case "post-install", "post-upgrade":
		return among, noEquivalent(helmHook, hook) + ": a deploy does not tell an install from an upgrade", `write "post-install,post-upgrade" where it may run at both`
	case "crd-install":
		return among, noEquivalent(helmHook, hook), "leave the annotation out: definitions of kinds are written before the objects of these kinds"
	case "test", "test-success":
		return among, noEquivalent(helmHook, hook), "leave the object out of the overlay, and have the functional or the production tests test that"
	}
	return among, noEquivalent(helmHook, hook), orElse
}

func noEquivalent(annotation, hook string) string {
	return "annotation " + annotation + ": " + strconv.Quote(hook) + " means nothing in a deploy of Slipway"
}

const orElse = "leave the object out of the overlay, or say with " + WaveAnnotation + " in which wave it is written"
