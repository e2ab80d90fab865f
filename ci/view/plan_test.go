package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/diff"
	"github.com/slipway-cd/slipway/ci/goldentest"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// preview is one of an object as it was and will be; left is what stays of what is
// given up.
func preview(t *testing.T, action write.Action, kind, name, before, after, left string) apply.Preview {
	t.Helper()
	read := func(text string) (out map[string]any) {
		require.NoError(t, yaml.Unmarshal([]byte(text), &out))
		return out
	}
	hide := func(at diff.Path, text string) string {
		if kind == "Secret" && at[0] == ".data" {
			return diff.Hidden
		}
		return text
	}
	out := apply.Preview{Change: write.Change{Namespace: "shop", Kind: kind, Name: name, Action: action}}
	out.Fields = diff.Fields(read(before), read(after), read(left), hide)
	out.Hunks = diff.Hunks(read(before), read(after), hide)
	return out
}

// of gives an object the label of a new version.
func ofVersion(p apply.Preview, before, after string) apply.Preview {
	label := func(version string) map[string]any {
		return map[string]any{"metadata": map[string]any{"labels": map[string]any{managed.LabelManagedBy: managed.FieldManager, managed.LabelVersion: version}}}
	}
	hide := func(_ diff.Path, text string) string { return text }
	p.Fields = append(p.Fields, diff.Fields(label(before), label(after), nil, hide)...)
	p.Labels = diff.Hunks(label(before), label(after), hide)
	return p
}

func deployment(image, level, replicas string) string {
	return fmt.Sprintf(`
spec:
  %s
  selector: {matchLabels: {app: api}}
  template:
    spec:
      containers:
      - name: api
        image: registry.example/shop@%s
        env: [{name: DATABASE_HOST, value: postgres}, {name: LOG_LEVEL, value: %s}, {name: REGION, value: eu}]
        ports: [{name: http, containerPort: 8080}]
        resources: {requests: {cpu: 50m, memory: 32Mi}}`, replicas, image, level)
}

// changing is a plan in which everything happens.
func changing(t *testing.T) pipeline.Plan {
	t.Helper()
	settings := func(port, extra string) string {
		return "data: {greeting: hello, nginx.conf: \"server {\\n\\tlisten " + port + ";\\n" + extra + "}\\n\"}"
	}
	kept := write.Change{Namespace: "shop", Kind: "PersistentVolumeClaim", Name: "uploads", Action: write.Unchanged,
		Note: "kept: its data would be lost; --prune PersistentVolumeClaim/uploads removes it"}
	worker := preview(t, write.Configured, "Deployment", "worker", "", "", "")
	worker.Note = ".spec.replicas is left to kube-controller-manager, none of Slipway's fields changes, but the server itself changes others"
	return pipeline.Plan{Version: "v2", Digest: twoDigest, Changes: []apply.Preview{
		ofVersion(preview(t, write.Configured, "Deployment", "api", deployment(oneDigest, "info", "replicas: 2"), deployment(twoDigest, "debug", "paused: false"), "spec: {replicas: 1}"), "v1", "v2"),
		ofVersion(preview(t, write.Configured, "ConfigMap", "settings", settings("80", ""), settings("8080", "\\tgzip on;\\n"), ""), "v1", "v2"),
		ofVersion(preview(t, write.Configured, "Secret", "database", "data: {password: b25l, user: bWU=}", "data: {password: dHdv, user: bWU=, url: eA==}", ""), "v1", "v2"),
		ofVersion(preview(t, write.Configured, "Service", "api", "", "", ""), "v1", "v2"),
		ofVersion(preview(t, write.Configured, "ServiceAccount", "api", "", "", ""), "v1", "v2"),
		worker,
		preview(t, write.Created, "ConfigMap", "new", "", "data: {key: value, '1': \"yes\"}\nmetadata: {labels: {app.kubernetes.io/name: shop}}", ""),
		preview(t, write.Deleted, "ConfigMap", "old", "data: {key: value}", "", ""),
		{Change: write.Change{Namespace: "shop", Kind: "Ingress", Name: "api", Action: write.Unchanged}},
		{Change: kept},
	}}
}

func TestPlanShowsADiffOfEachObjectAndCounts(t *testing.T) {
	t.Parallel()
	goldentest.Require(t, "plan.txt", planText(changing(t), report.Screen{}))
	goldentest.Require(t, "plan-color.txt", planText(changing(t), report.Screen{Color: true}))
}

func TestPlanOfAFirstDeployBeginsWithWhoMadeWhatIsThere(t *testing.T) {
	t.Parallel()
	plan := changing(t)
	without := planText(plan, report.Screen{})
	plan.MadeBy = makers()
	require.Equal(t, "Not deployed by slipway yet, but there already, made by\n"+
		"  Helm (release shop): ConfigMap shop/settings, Deployment shop/api, Ingress shop/api, Secret shop/password and 2 more\n"+
		"  kubectl scale: Deployment shop/api\n\n"+without, planText(plan, report.Screen{}))
	var out bytes.Buffer
	require.NoError(t, printJSON(&out, plan))
	require.Contains(t, out.String(), `"who": "Helm (release shop)"`)
}

func TestPlanOfNothingIsOneLine(t *testing.T) {
	t.Parallel()
	same := pipeline.Plan{Version: "v2", Digest: twoDigest, Changes: []apply.Preview{{Change: write.Change{Kind: "Service", Name: "api", Action: write.Unchanged}}}}
	require.Equal(t, "version v2, "+twoDigest+": nothing to change, 1 unchanged\n", planText(same, report.Screen{Color: true}))
}

func TestPlanForProgramsHasTheFieldsOfEachChange(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printJSON(&out, changing(t)))
	goldentest.Require(t, "plan.json", out.String())
	var read struct {
		Changes []struct {
			Name, Action string
			Fields       []struct {
				Path     string
				From, To any
			}
		}
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	require.Len(t, read.Changes, 10)
	require.Equal(t, "*** (before)", read.Changes[2].Fields[0].From)
}

func TestADiffIsNoCommandOfTheVendor(t *testing.T) {
	t.Parallel()
	hostile := preview(t, write.Configured, "ConfigMap", "a", "data: {file: \"::add-path::/x\\n##[group]x\\none\\n\"}", "data: {file: \"::add-path::/x\\n##[group]x\\ntwo\\n\"}", "")
	text := planText(pipeline.Plan{Changes: []apply.Preview{hostile}}, report.Screen{})
	require.Contains(t, text, "\n   ::add-path")
	for _, mode := range []report.Mode{report.GitHub, report.Azure} {
		guarded := mode.Guard(text, report.Screen{}, func(string) string { return "" })
		require.NotContains(t, guarded, "##")
		require.True(t, mode == report.Azure || !bytes.Contains([]byte(guarded), []byte("   ::")), guarded)
	}
}
