package others

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

func TestMain(m *testing.M) {
	kube.ManagedFieldsManager = "helm" // as its command line sets it
	os.Exit(m.Run())
}

// helm is its library as the command line uses it, for release shop in a namespace.
type helm struct {
	config    *action.Configuration
	namespace string
}

func newHelm(t *testing.T, namespace string) helm {
	t.Helper()
	flags := genericclioptions.NewConfigFlags(false)
	file := os.Getenv(kubeconfig)
	flags.KubeConfig, flags.Namespace = &file, &namespace
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	require.NoError(t, config.Init(flags, namespace, "secret"))
	return helm{config, namespace}
}

// install is `helm install shop .`; without serverSide as Helm 3 did it.
func (h helm) install(t *testing.T, serverSide bool, values map[string]any) error {
	t.Helper()
	install := action.NewInstall(h.config)
	install.ReleaseName, install.Namespace = "shop", h.namespace
	install.ServerSideApply, install.WaitStrategy, install.Timeout = serverSide, kube.HookOnlyStrategy, time.Minute
	_, err := install.RunWithContext(t.Context(), shopChart(), values)
	return err
}

// upgrade is `helm upgrade shop .`, with what change makes of it.
func (h helm) upgrade(t *testing.T, values map[string]any, change func(*action.Upgrade)) (manifest string, err error) {
	t.Helper()
	upgrade := action.NewUpgrade(h.config)
	upgrade.Namespace, upgrade.ServerSideApply, upgrade.WaitStrategy, upgrade.Timeout = h.namespace, "auto", kube.HookOnlyStrategy, time.Minute
	change(upgrade)
	released, err := upgrade.RunWithContext(t.Context(), "shop", shopChart(), values)
	if err != nil {
		return "", err
	}
	read, err := release.NewAccessor(released)
	require.NoError(t, err)
	return read.Manifest(), nil
}

// The flags of an upgrade.
func asItIs(*action.Upgrade)           {}
func dryRun(u *action.Upgrade)         { u.DryRunStrategy = action.DryRunServer }
func forceConflicts(u *action.Upgrade) { u.ForceConflicts = true }

// uninstall is `helm uninstall shop`; it returns what Helm says it kept.
func (h helm) uninstall(t *testing.T) string {
	t.Helper()
	uninstall := action.NewUninstall(h.config)
	uninstall.WaitStrategy, uninstall.Timeout = kube.HookOnlyStrategy, time.Minute
	done, err := uninstall.Run("shop")
	require.NoError(t, err)
	return done.Info
}

// shopChart is a small application whose image and level are values.
func shopChart() *chart.Chart {
	template := func(name, text string) *common.File {
		return &common.File{Name: "templates/" + name, Data: []byte(text), ModTime: time.Now()}
	}
	return &chart.Chart{
		Metadata: &chart.Metadata{APIVersion: chart.APIVersionV2, Name: "shop", Version: "1.0.0"},
		Values:   map[string]any{"image": "registry.example/shop:1", "level": "info"},
		Templates: []*common.File{
			template("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: {{ .Values.level }}, region: eu}\n"),
			template("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec:\n  selector: {app: api}\n  ports: [{name: http, port: 8080}]\n"),
			template("deployment.yaml", `apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: {{ .Values.image }}, ports: [{containerPort: 8080}]}]
`),
		},
	}
}
