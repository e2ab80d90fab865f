package apply

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/diff"
)

// foreseenAs plans what a server has said it would make of an object.
func foreseenAs(live, foreseen *unstructured.Unstructured, action write.Action) *Planned {
	return &Planned{Object: foreseen, Live: live, foreseen: foreseen, Change: write.ChangeOf(foreseen, action)}
}

func TestAPreviewShowsWhatWeOwnOrWouldOwn(t *testing.T) {
	t.Parallel()
	const would = `{"f:metadata":{"f:labels":{"f:team":{},"f:slipway.dev/run":{},"f:app.kubernetes.io/version":{}}},
"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:targetPort":{}}},"f:sessionAffinity":{}}}`
	foreseen := strings.NewReplacer("team: blue", "team: red, app.kubernetes.io/version: v2", "slipway.dev/run: one", "slipway.dev/run: two",
		"targetPort: 8080", "targetPort: 9090", "sessionAffinity: None", "sessionAffinity: ClientIP").Replace(clustertest.LiveService)
	plan := &Plan{Objects: []*Planned{foreseenAs(clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs), clustertest.Live(t, foreseen, would), write.Configured)}}
	preview := plan.Preview()[0]
	require.Equal(t, []diff.Field{
		{Path: `.metadata.labels["app.kubernetes.io/version"]`, To: "v2"},
		{Path: `.metadata.labels.team`, From: "blue", To: "red"},
		{Path: `.spec.ports[name="http"].targetPort`, From: int64(8080), To: int64(9090)},
		{Path: `.spec.selector.app`, From: "api", Left: "api"},
		{Path: `.spec.sessionAffinity`, From: "None", To: "ClientIP"},
	}, preview.Fields)
	require.Equal(t, `@@ .metadata.labels @@
- team: blue
+ team: red
@@ .spec.ports[name="http"] @@
  port: 80
- targetPort: 8080
+ targetPort: 9090
@@ .spec @@
- selector:
-   app: api
- sessionAffinity: None
+ sessionAffinity: ClientIP
`, clustertest.Shown(preview.Hunks))
	require.Equal(t, "@@  @@\n+ metadata:\n+   labels:\n+     app.kubernetes.io/version: v2\n", clustertest.Shown(preview.Labels))
}

func TestAPreviewOfAnUnwrittenObjectIsWhatWouldBeWritten(t *testing.T) {
	t.Parallel()
	wanted := clustertest.Objects(t, "shop", "{apiVersion: v1, kind: Secret, metadata: {name: s, labels: {slipway.dev/run: one}}, data: {a: eA==}, stringData: {b: correct-horse}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {url: 'https://me:correct-horse@example.com'}}")
	plan := &Plan{}
	for _, object := range wanted {
		plan.Objects = append(plan.Objects, &Planned{Object: object, Change: write.ChangeOf(object, write.Created)})
	}
	previews := plan.Preview()
	require.Equal(t, "@@  @@\n+ data:\n+   a: ***\n+   b: ***\n", clustertest.Shown(previews[0].Hunks))
	require.Equal(t, "@@  @@\n+ data:\n+   url: https://me:***@example.com\n", clustertest.Shown(previews[1].Hunks))
}

func TestAPreviewSaysWhyAnObjectIsWrittenOfWhichNothingChanges(t *testing.T) {
	t.Parallel()
	others := clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs)
	others.SetManagedFields(nil)
	plan := &Plan{Objects: []*Planned{
		foreseenAs(others, clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs), write.Configured),
		foreseenAs(clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs), clustertest.Live(t, clustertest.LiveService+"\n  ipFamilies: [IPv4]", clustertest.OwnedByUs), write.Configured),
		foreseenAs(clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs), clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs), write.Unchanged),
	}}
	previews := plan.Preview()
	require.Equal(t, "it is as wanted already, its fields become Slipway's", previews[0].Note)
	require.Equal(t, "none of Slipway's fields changes, but the server itself changes others", previews[1].Note)
	for _, preview := range previews {
		require.Empty(t, preview.Fields)
		require.Empty(t, preview.Hunks)
		require.Empty(t, preview.Labels)
	}
	require.Empty(t, previews[2].Note)
}

func TestAPreviewIsAChangeWithItsFieldsForPrograms(t *testing.T) {
	t.Parallel()
	pruned := clustertest.Live(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: old}, data: {key: value}}", `{"f:data":{"f:key":{}}}`)
	text, err := json.Marshal((&Plan{Pruned: []*unstructured.Unstructured{pruned}, Kept: []write.Change{{Kind: "Namespace", Name: "kept", Action: write.Unchanged, Note: "kept"}}}).Preview())
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"namespace": "shop", "kind": "ConfigMap", "name": "old", "action": "deleted", "fields": [{"path": ".data.key", "from": "value", "to": null}]},
		{"namespace": "", "kind": "Namespace", "name": "kept", "action": "unchanged", "note": "kept"}
	]`, string(text))
}
