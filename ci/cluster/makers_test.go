package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestManagersAreNamedAsTheirUsersCallThem(t *testing.T) {
	t.Parallel()
	const apply, update = metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate
	helm := map[string]string{helmRelease: "shop"}
	for want, c := range map[string]struct {
		entries             []metav1.ManagedFieldsEntry
		annotations, labels map[string]string
	}{
		"kubectl apply":               {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl-client-side-apply", Operation: update}}},
		"kubectl apply --server-side": {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl", Operation: apply}}},
		"kubectl scale":               {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl", Operation: update, Subresource: "scale"}}},
		"kubectl edit":                {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", Operation: update}}},
		"kubectl set":                 {entries: []metav1.ManagedFieldsEntry{{Manager: "kubectl-set", Operation: update}}},
		"Helm (release shop)":         {entries: []metav1.ManagedFieldsEntry{{Manager: "helm", Operation: apply}}, annotations: helm},
		"Argo CD (application shop)":  {entries: []metav1.ManagedFieldsEntry{{Manager: "argocd-controller", Operation: apply}}, annotations: map[string]string{argoTracking: "shop:apps/Deployment:shop/api"}},
		"Argo CD":                     {entries: []metav1.ManagedFieldsEntry{{Manager: "argocd-controller", Operation: update}}},
		"Flux (Kustomization shop)":   {entries: []metav1.ManagedFieldsEntry{{Manager: "kustomize-controller", Operation: apply}}, labels: map[string]string{fluxKustomization: "shop"}},
		"Flux (HelmRelease shop)":     {entries: []metav1.ManagedFieldsEntry{{Manager: "helm-controller", Operation: apply}}, labels: map[string]string{fluxHelmRelease: "shop"}, annotations: helm},
		"Terraform":                   {entries: []metav1.ManagedFieldsEntry{{Manager: "Terraform", Operation: apply}}},
		"a dashboard in a browser":    {entries: []metav1.ManagedFieldsEntry{{Manager: "Mozilla", Operation: update}}},
		"unknown":                     {entries: []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Operation: update}, {Manager: "kubectl", Operation: update, Subresource: "status"}}},
	} {
		object := &metav1.ObjectMeta{ManagedFields: c.entries, Annotations: c.annotations, Labels: c.labels}
		require.Equal(t, []string{want}, whoMade(object))
	}
	asLibrary := &metav1.ObjectMeta{Annotations: helm, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "deployer"}, {Manager: "kubectl-edit"}, {Manager: "kubectl-edit", Subresource: "x"}}}
	require.Equal(t, []string{"deployer", "kubectl edit", "Helm (release shop)"}, whoMade(asLibrary))
}

func TestMakersAreThoseOfTheObjectsThatAreThereAndNotOurs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := objects(t, namespace, app("", testImage(), "one"), "{apiVersion: nowhere.example/v1, kind: Unknown, metadata: {name: a}}")
	none, err := c.Makers(t.Context(), wanted)
	require.NoError(t, err)
	require.Empty(t, none)

	settings, secret, service, deployment := wanted[0], wanted[1], wanted[2], wanted[3]
	_, err = c.Apply(t.Context(), objects(t, namespace, app("", testImage(), "one"))[:1], ApplyOptions{})
	require.NoError(t, err)
	for _, object := range wanted[1:4] {
		found, err := c.resource(t.Context(), object)
		require.NoError(t, err)
		_, err = c.in(found, namespace).Create(t.Context(), object, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"})
		require.NoError(t, err)
	}
	_, err = c.typed.AppsV1().Deployments(namespace).Patch(t.Context(), "api", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{FieldManager: "kubectl"}, "scale")
	require.NoError(t, err)

	want := []Maker{
		{Who: "kubectl apply", Objects: []string{describe(secret), describe(service), describe(deployment)}},
		{Who: "kubectl scale", Objects: []string{describe(deployment)}},
	}
	found, err := c.Makers(t.Context(), wanted)
	require.NoError(t, err)
	require.Equal(t, want, found, "%s is ours", describe(settings))
	plan := &Plan{}
	for _, object := range wanted[:4] {
		at, err := c.resource(t.Context(), object)
		require.NoError(t, err)
		live, err := c.get(t.Context(), at, object)
		require.NoError(t, err)
		plan.objects = append(plan.objects, &planned{object: object, live: live})
	}
	require.Equal(t, want, plan.Makers())
}
