package apply

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestManagersAreNamedAsTheirUsersCallThem(t *testing.T) {
	t.Parallel()
	const applied, update = metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate
	helm := map[string]string{helmRelease: "shop"}
	for want, c := range map[string]struct {
		entries             []metav1.ManagedFieldsEntry
		annotations, labels map[string]string
	}{
		"kubectl apply":               {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl-client-side-apply", Operation: update}}},
		"kubectl apply --server-side": {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl", Operation: applied}}},
		"kubectl scale":               {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl", Operation: update, Subresource: "scale"}}},
		"kubectl edit":                {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", Operation: update}}},
		"kubectl set":                 {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl-set", Operation: update}}},
		"Helm (release shop)":         {entries: []metav1.ManagedFieldsEntry{{Manager: "helm", Operation: applied}}, annotations: helm},
		"Argo CD (application shop)":  {entries: []metav1.ManagedFieldsEntry{{Manager: "argocd-controller", Operation: applied}}, annotations: map[string]string{argoTracking: "shop:apps/Deployment:shop/api"}},
		"Argo CD":                     {entries: []metav1.ManagedFieldsEntry{{Manager: "argocd-controller", Operation: update}}},
		"Flux (Kustomization shop)":   {entries: []metav1.ManagedFieldsEntry{{Manager: "kustomize-controller", Operation: applied}}, labels: map[string]string{fluxKustomization: "shop"}},
		"Flux (HelmRelease shop)":     {entries: []metav1.ManagedFieldsEntry{{Manager: "helm-controller", Operation: applied}}, labels: map[string]string{fluxHelmRelease: "shop"}, annotations: helm},
		"Terraform":                   {entries: []metav1.ManagedFieldsEntry{{Manager: "Terraform", Operation: applied}}},
		"a dashboard in a browser":    {entries: []metav1.ManagedFieldsEntry{{Manager: "Mozilla", Operation: update}}},
		"unknown":                     {entries: []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Operation: update}, {Manager: "kubectl", Operation: update, Subresource: "status"}}},
	} {
		object := &metav1.ObjectMeta{ManagedFields: c.entries, Annotations: c.annotations, Labels: c.labels}
		require.Equal(t, []string{want}, whoMade(object))
	}
	asLibrary := &metav1.ObjectMeta{Annotations: helm, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "deployer"}, {Manager: "kubectl-edit"}, {Manager: "kubectl-edit", Subresource: "x"}}}
	require.Equal(t, []string{"deployer", "kubectl edit", "Helm (release shop)"}, whoMade(asLibrary))
}
