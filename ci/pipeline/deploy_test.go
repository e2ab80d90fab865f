package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestADeployTellsApartWhatItChangedAndWhatItPruned(t *testing.T) {
	t.Parallel()
	two := make([]*unstructured.Unstructured, 2)
	one := []write.Change{{Action: write.Unchanged}, {Action: write.Configured}}
	require.Equal(t, "1 of 2 objects changed", changed(one, two))
	require.Equal(t, "1 of 2 objects changed, 3 pruned", changed(append(one, write.Change{Action: write.Deleted}, write.Change{Action: write.Deleted}, write.Change{Action: write.Deleted}), two))
}
