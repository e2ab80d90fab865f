package write

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADeployTellsApartWhatItChangedAndWhatItPruned(t *testing.T) {
	t.Parallel()
	one := []Change{{Action: Unchanged}, {Action: Configured}}
	require.Equal(t, "1 of 2 objects changed", Told(one, 2))
	require.Equal(t, "1 of 2 objects changed, 3 pruned", Told(append(one, Change{Action: Deleted}, Change{Action: Deleted}, Change{Action: Deleted}), 2))
}
