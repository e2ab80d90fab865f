package apply

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

func TestAShapeIsWhichFieldsAreWrittenNotTheirValues(t *testing.T) {
	t.Parallel()
	at := func(document string) *Planned { return &Planned{Object: clustertest.Objects(t, "shop", document)[0]} }
	one := at("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {x: one}}, data: {a: b}}")
	require.Equal(t, shape(one), shape(at("{apiVersion: v1, kind: ConfigMap, metadata: {name: b, labels: {z: one}}, data: {c: d, e: f}}")))
	require.NotEqual(t, shape(one), shape(at("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}")))
	require.NotEqual(t, shape(one), shape(at("{apiVersion: v1, kind: Secret, metadata: {name: a, labels: {x: one}}, data: {a: b}}")))
	require.NotEqual(t, shape(one), shape(at("{apiVersion: v1, kind: ConfigMap, immutable: true, metadata: {name: a, labels: {x: one}}, data: {a: b}}")))
}
