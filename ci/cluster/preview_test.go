package cluster

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/diff"
)

// foreseenAs plans what a server has said it would make of an object.
func foreseenAs(live, foreseen *unstructured.Unstructured, action Action) *planned {
	return &planned{object: foreseen, live: live, foreseen: foreseen, change: changeOf(foreseen, action)}
}

// shown returns hunks as a terminal without colours shows them.
func shown(hunks []diff.Hunk) string {
	var out strings.Builder
	for _, hunk := range hunks {
		fmt.Fprintf(&out, "@@ %s @@\n", hunk.Path)
		for _, line := range hunk.Lines {
			fmt.Fprintf(&out, "%c %s\n", line.Sign, line.Text)
		}
	}
	return out.String()
}

func TestAPreviewShowsWhatWeOwnOrWouldOwn(t *testing.T) {
	t.Parallel()
	const would = `{"f:metadata":{"f:labels":{"f:team":{},"f:slipway.dev/run":{},"f:app.kubernetes.io/version":{}}},
"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:targetPort":{}}},"f:sessionAffinity":{}}}`
	foreseen := strings.NewReplacer("team: blue", "team: red, app.kubernetes.io/version: v2", "slipway.dev/run: one", "slipway.dev/run: two",
		"targetPort: 8080", "targetPort: 9090", "sessionAffinity: None", "sessionAffinity: ClientIP").Replace(liveService)
	plan := &Plan{objects: []*planned{foreseenAs(live(t, liveService, ours), live(t, foreseen, would), Configured)}}
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
`, shown(preview.Hunks))
	require.Equal(t, "@@  @@\n+ metadata:\n+   labels:\n+     app.kubernetes.io/version: v2\n", shown(preview.Labels))
}

func TestAPreviewOfAnUnwrittenObjectIsWhatWouldBeWritten(t *testing.T) {
	t.Parallel()
	wanted := Objects(t, "shop", "{apiVersion: v1, kind: Secret, metadata: {name: s, labels: {slipway.dev/run: one}}, data: {a: eA==}, stringData: {b: correct-horse}}",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {url: 'https://me:correct-horse@example.com'}}")
	plan := &Plan{}
	for _, object := range wanted {
		plan.objects = append(plan.objects, &planned{object: object, change: changeOf(object, Created)})
	}
	previews := plan.Preview()
	require.Equal(t, "@@  @@\n+ data:\n+   a: ***\n+   b: ***\n", shown(previews[0].Hunks))
	require.Equal(t, "@@  @@\n+ data:\n+   url: https://me:***@example.com\n", shown(previews[1].Hunks))
}

func TestAPreviewSaysWhyAnObjectIsWrittenOfWhichNothingChanges(t *testing.T) {
	t.Parallel()
	others := live(t, liveService, ours)
	others.SetManagedFields(nil)
	plan := &Plan{objects: []*planned{
		foreseenAs(others, live(t, liveService, ours), Configured),
		foreseenAs(live(t, liveService, ours), live(t, liveService+"\n  ipFamilies: [IPv4]", ours), Configured),
		foreseenAs(live(t, liveService, ours), live(t, liveService, ours), Unchanged),
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
	pruned := live(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: old}, data: {key: value}}", `{"f:data":{"f:key":{}}}`)
	text, err := json.Marshal((&Plan{pruned: []*unstructured.Unstructured{pruned}, Kept: []Change{{Kind: "Namespace", Name: "kept", Action: Unchanged, Note: "kept"}}}).Preview())
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"namespace": "shop", "kind": "ConfigMap", "name": "old", "action": "deleted", "fields": [{"path": ".data.key", "from": "value", "to": null}]},
		{"namespace": "", "kind": "Namespace", "name": "kept", "action": "unchanged", "note": "kept"}
	]`, string(text))
}
