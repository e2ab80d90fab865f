package apply

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestReleasesAreComparedAsTheyWereRendered(t *testing.T) {
	t.Parallel()
	labels := func(version, run string) string {
		return `labels: {slipway.dev/run: ` + run + `, app.kubernetes.io/version: ` + version + `, app.kubernetes.io/managed-by: slipway}`
	}
	former := clustertest.Objects(t, "shop", `
apiVersion: v1
kind: Secret
metadata: {name: password, `+labels("v1", "one")+`}
stringData: {password: correct-horse}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: same, labels: {slipway.dev/run: one}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: goes}
data: {url: "db://correct-horse@db"}
`)
	later := clustertest.Objects(t, "shop", `
apiVersion: v1
kind: Secret
metadata: {name: password, `+labels("v2", "two")+`}
data: {password: YmF0dGVyeS1zdGFwbGU=}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: same, labels: {slipway.dev/run: two}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: comes}
data: {url: "db://battery-staple@db"}
`)
	actions := map[string]write.Action{}
	compared := Compare(former, later)
	for _, preview := range compared {
		actions[preview.Name] = preview.Action
	}
	require.Equal(t, map[string]write.Action{"password": write.Configured, "same": write.Unchanged, "comes": write.Created, "goes": write.Deleted}, actions)
	require.Len(t, compared[0].Labels, 1, "the label of the version is one that all objects share")
	text, err := json.Marshal([]any{compared, compared[0].Hunks, compared[2].Hunks, compared[3].Hunks})
	require.NoError(t, err)
	for _, secret := range []string{"correct-horse", "battery-staple", "YmF0dGVyeS1zdGFwbGU="} {
		require.NotContains(t, string(text), secret)
	}
	require.Contains(t, string(text), "*** (before)")
}
