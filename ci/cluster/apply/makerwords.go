package apply

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Where tools write what of theirs an object belongs to.
const (
	helmRelease       = "meta.helm.sh/release-name"        // annotation
	argoTracking      = "argocd.argoproj.io/tracking-id"   // annotation: APPLICATION:GROUP/KIND:NAMESPACE/NAME
	fluxKustomization = "kustomize.toolkit.fluxcd.io/name" // label
	fluxHelmRelease   = "helm.toolkit.fluxcd.io/name"      // label
)

// parts of Kubernetes set fields of whatever anybody has made.
var partsOfKubernetes = append([]string{"kube-scheduler", "kubelet", "k3s", "k3s-server", "rke2"}, controllers...)

// whoMade names those who set fields of an object, but for its status, in the order
// in which the server lists them. One that nobody is on record for is "unknown".
func whoMade(object metav1.Object) []string {
	var out []string
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "status" || slices.Contains(partsOfKubernetes, entry.Manager) {
			continue
		}
		if who := inWords(entry, object); !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	if helm := withName("Helm", "release", object.GetAnnotations()[helmRelease]); helm != "Helm" && !slices.ContainsFunc(out, fromChart) {
		out = append(out, helm) // under the name of a program that has it as a library
	}
	if len(out) == 0 {
		return []string{"unknown"}
	}
	return out
}

func fromChart(who string) bool {
	return strings.HasPrefix(who, "Helm") || strings.HasPrefix(who, "Flux (HelmRelease")
}

// inWords names a field manager as its user does.
func inWords(entry metav1.ManagedFieldsEntry, object metav1.Object) string {
	manager := entry.Manager
	switch manager {
	case "kubectl-client-side-apply", "kubectl-last-applied":
		return "kubectl apply"
	case "kubectl":
		switch {
		case entry.Operation == metav1.ManagedFieldsOperationApply:
			return "kubectl apply --server-side"
		case entry.Subresource != "":
			return "kubectl " + entry.Subresource
		}
	case "argocd-controller", "argocd-application-controller":
		application, _, _ := strings.Cut(object.GetAnnotations()[argoTracking], ":")
		return withName("Argo CD", "application", application)
	case "kustomize-controller":
		return withName("Flux", "Kustomization", object.GetLabels()[fluxKustomization])
	case "helm-controller":
		return withName("Flux", "HelmRelease", object.GetLabels()[fluxHelmRelease])
	case "Mozilla":
		return "a dashboard in a browser"
	case "before-first-apply":
		return "unknown"
	}
	if command, ok := strings.CutPrefix(manager, "kubectl-"); ok {
		return "kubectl " + command
	}
	if strings.Contains(manager, "helm") { // Helm takes its program's name
		return withName("Helm", "release", object.GetAnnotations()[helmRelease])
	}
	return manager
}

func withName(tool, kind, name string) string {
	if name == "" {
		return tool
	}
	return tool + " (" + kind + " " + name + ")"
}
