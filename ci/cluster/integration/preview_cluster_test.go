package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/diff"
)

// previewOf plans the objects and returns the previews by kind and name, and all
// that anybody can see of them.
func previewOf(t *testing.T, c *cluster.Cluster, opts apply.Options, objects []*unstructured.Unstructured) (map[string]apply.Preview, string) {
	t.Helper()
	plan, err := apply.NewPlan(t.Context(), c, objects, opts)
	require.NoError(t, err)
	planned := c.Requests()
	out := map[string]apply.Preview{}
	var seen strings.Builder
	for _, preview := range plan.Preview() {
		out[preview.Kind+" "+preview.Name] = preview
		text, err := json.Marshal(preview)
		require.NoError(t, err)
		seen.WriteString(string(text) + "\n" + clustertest.Shown(preview.Hunks) + clustertest.Shown(preview.Labels))
	}
	require.Equal(t, planned, c.Requests(), "a preview costs no request")
	return out, seen.String()
}

func TestAPlanShowsWhatARealServerWouldChange(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	created, seen := previewOf(t, c, apply.Options{}, clustertest.Objects(t, namespace, app("", testImage(), "one")))
	require.NotContains(t, seen, "correct-horse")
	require.Equal(t, "@@  @@\n+ data:\n+   greeting: hello\n", clustertest.Shown(created["ConfigMap settings"].Hunks))
	require.Contains(t, clustertest.Shown(created["Deployment api"].Hunks), "+             - name: DATABASE_HOST\n+               value: 127.0.0.1\n")
	first := clustertest.Objects(t, namespace, app("", testImage(), "one"), "{apiVersion: v1, kind: ConfigMap, metadata: {name: old, labels: {app.kubernetes.io/managed-by: slipway}}, data: {a: b}}")
	plan, err := apply.NewPlan(t.Context(), c, first, apply.Options{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, first, nil))

	second := app("", strings.Replace(testImage(), ":", "/other:", 1), "two")
	second = strings.NewReplacer("greeting: hello", "greeting: hello, lines: \"one\\ntwo\\n\"", "correct-horse", "battery-staple",
		"value: 127.0.0.1", "value: postgres", "cpu: 10m", "cpu: 0.02", "  replicas: 2\n", "").Replace(second)
	before := c.Requests()
	changed, seen := previewOf(t, c, apply.Options{Former: plan.Refs()}, clustertest.Objects(t, namespace, second))
	t.Logf("%d requests for a plan of %d objects", c.Requests()-before, len(changed))
	for _, secret := range []string{"correct-horse", "battery-staple", "Y29ycmVjdC1ob3JzZQ==", "YmF0dGVyeS1zdGFwbGU="} {
		require.NotContains(t, seen, secret)
	}
	require.Equal(t, write.Unchanged, changed["Service api"].Action)
	require.Empty(t, changed["Service api"].Fields)
	require.Equal(t, "@@ .data @@\n  greeting: hello\n+ lines: |\n+   one\n+   two\n", clustertest.Shown(changed["ConfigMap settings"].Hunks))
	require.Equal(t, []diff.Field{{Path: ".data.password", From: "*** (before)", To: "*** (after)"}}, changed["Secret password"].Fields)
	require.Equal(t, "@@ .data @@\n- password: *** (before)\n+ password: *** (after)\n", clustertest.Shown(changed["Secret password"].Hunks))
	require.Equal(t, []diff.Field{{Path: ".data.a", From: "b"}, {Path: `.metadata.labels["app.kubernetes.io/managed-by"]`, From: "slipway"}}, changed["ConfigMap old"].Fields)
	container := `.spec.template.spec.containers[name="api"]`
	require.Equal(t, []diff.Field{
		{Path: ".spec.replicas", From: int64(2), Left: int64(1)}, // a default takes its place
		{Path: container + `.env[name="DATABASE_HOST"].value`, From: "127.0.0.1", To: "postgres"},
		{Path: container + ".image", From: testImage(), To: strings.Replace(testImage(), ":", "/other:", 1)},
		{Path: container + ".resources.requests.cpu", From: "10m", To: "20m"}, // as the server writes it
	}, changed["Deployment api"].Fields)
	require.NotContains(t, seen, "terminationMessagePath", "a default is nobody's")
}

func TestAPlanShowsAFieldThatAnotherKeeps(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {shared: x, own: held}}"), apply.Options{})
	require.NoError(t, err)
	_, err = c.Typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "a", types.ApplyPatchType,
		[]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"shared":"x","theirs":"z"}}`), metav1.PatchOptions{FieldManager: "somebody"})
	require.NoError(t, err)
	changed, _ := previewOf(t, c, apply.Options{}, clustertest.Objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {new: z}}"))
	require.Equal(t, []diff.Field{{Path: ".data.new", To: "z"}, {Path: ".data.own", From: "held"}, {Path: ".data.shared", From: "x", Left: "x"}}, changed["ConfigMap a"].Fields)
	require.Equal(t, "@@ .data @@\n- own: held\n- shared: x\n+ new: z\n", clustertest.Shown(changed["ConfigMap a"].Hunks))
}
