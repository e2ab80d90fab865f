package others

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
)

// The managers that Helm 4 and, by client-side apply, Helm 3 leave on each object.
var methods = map[string]struct {
	serverSide bool
	operation  metav1.ManagedFieldsOperationType
}{
	"Helm 4":               {true, metav1.ManagedFieldsOperationApply},
	"Helm 3 (client-side)": {false, metav1.ManagedFieldsOperationUpdate},
}

// warning is what --set level=warning gives.
var warning = map[string]any{"level": "warning"}

func TestWhatHelmInstalledIsNamedAndNotTakenWithoutBeingAsked(t *testing.T) {
	for name, method := range methods {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			require.NoError(t, newHelm(t, w.namespace).install(t, method.serverSide, nil))
			live, err := w.typed.AppsV1().Deployments(w.namespace).Get(t.Context(), "api", metav1.GetOptions{})
			require.NoError(t, err)
			require.Equal(t, "helm", live.ManagedFields[0].Manager)
			require.Equal(t, method.operation, live.ManagedFields[0].Operation)

			makers, err := apply.Makers(t.Context(), w.slipway, w.rendered(t))
			require.NoError(t, err)
			require.Equal(t, []apply.Maker{{Who: "Helm (release shop)", Objects: []string{
				"ConfigMap " + w.namespace + "/settings", "Service " + w.namespace + "/api", "Deployment " + w.namespace + "/api"}}}, makers)
			said := w.program(t, "status")
			require.Contains(t, said, "Not deployed by slipway yet")
			requireInDocs(t, "$ go run ./ci status\n"+strings.SplitAfter(said, "deploy would change)\n")[0])

			_, err = apply.NewPlan(t.Context(), w.slipway, w.rendered(t), apply.Options{})
			require.ErrorContains(t, err, `field .data.level is set by "helm"`)
			require.ErrorContains(t, err, "--take-over helm")
		})
	}
}

func TestAfterATakeOverHelmsDryRunShowsNothingAndItsUpgradeIsRefused(t *testing.T) {
	w := newWorld(t)
	tool := newHelm(t, w.namespace)
	require.NoError(t, tool.install(t, true, nil))
	w.takeOver(t)

	manifest, err := tool.upgrade(t, warning, dryRun)
	require.NoError(t, err)
	require.Contains(t, manifest, "level: warning")
	require.NotContains(t, manifest, "slipway", "it asks the server for nothing but the kinds")

	_, err = tool.upgrade(t, warning, asItIs)
	require.ErrorContains(t, err, `"slipway"`)
	for conflicts := range strings.SplitSeq(oneNamespace(err, w.namespace), " && ") { // each object's, in no order
		requireInDocs(t, conflicts)
	}
	w.requireOurs(t)

	_, err = tool.upgrade(t, warning, forceConflicts)
	require.NoError(t, err)
	w.requireLevel(t, "warning")
}

func TestHelm4sUninstallLeavesWhatWasTakenOver(t *testing.T) {
	w := newWorld(t)
	tool := newHelm(t, w.namespace)
	require.NoError(t, tool.install(t, true, nil))
	w.takeOver(t)
	requireInDocs(t, "$ helm uninstall shop\n"+tool.uninstall(t))
	w.requireOurs(t)
	_, err := tool.upgrade(t, nil, asItIs)
	require.ErrorContains(t, err, "no deployed releases")
}

func TestHelm3sUpgradeOverwritesWhatWasTakenOverAndTheNextPlanSaysSo(t *testing.T) {
	w := newWorld(t)
	tool := newHelm(t, w.namespace)
	require.NoError(t, tool.install(t, false, nil))
	w.takeOver(t)
	_, err := tool.upgrade(t, warning, asItIs)
	require.NoError(t, err)
	w.requireLevel(t, "warning")
	_, err = apply.NewPlan(t.Context(), w.slipway, w.rendered(t), apply.Options{})
	require.ErrorContains(t, err, "helm")
}

func TestAReleaseThatHelmWasMadeToForgetIsOutOfItsReach(t *testing.T) {
	w := newWorld(t)
	tool := newHelm(t, w.namespace)
	require.NoError(t, tool.install(t, true, nil))
	w.takeOver(t)
	// As `kubectl delete secret --selector owner=helm,name=shop`:
	require.NoError(t, w.typed.CoreV1().Secrets(w.namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "owner=helm,name=shop"}))
	_, err := tool.upgrade(t, nil, asItIs)
	require.Error(t, err)
	requireInDocs(t, "$ helm upgrade shop .\nError: "+oneNamespace(err, w.namespace)+"\n")
	err = tool.install(t, true, nil)
	require.Error(t, err)
	requireInDocs(t, "$ helm install shop .\nError: "+oneNamespace(err, w.namespace)+"\n")
	w.requireOurs(t)
}

// takeOver deploys the overlay with --take-over helm. What the chart had set and the
// overlay does not have goes.
func (w world) takeOver(t *testing.T) {
	t.Helper()
	_, err := apply.Apply(t.Context(), w.slipway, w.rendered(t), apply.Options{TakeOver: []string{"helm"}})
	require.NoError(t, err)
	settings, err := w.typed.CoreV1().ConfigMaps(w.namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"level": "debug"}, settings.Data)
	w.requireOurs(t)
}

// requireOurs holds that production is as the overlay says, and that a deploy would
// write nothing.
func (w world) requireOurs(t *testing.T) {
	t.Helper()
	plan, err := apply.NewPlan(t.Context(), w.slipway, w.rendered(t), apply.Options{})
	require.NoError(t, err)
	require.False(t, plan.Writes(), "%v", plan.Changes)
	require.Empty(t, plan.Makers())
}

func (w world) requireLevel(t *testing.T, want string) {
	t.Helper()
	settings, err := w.typed.CoreV1().ConfigMaps(w.namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, want, settings.Data["level"])
}

func oneNamespace(err error, namespace string) string {
	return strings.ReplaceAll(err.Error(), namespace, "shop")
}

// requireInDocs holds that the documentation shows what was really said.
func requireInDocs(t *testing.T, said string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/taking-over-helm.md")
	require.NoError(t, err)
	require.Contains(t, strings.ReplaceAll(string(text), "\n    ", "\n"), said)
}
