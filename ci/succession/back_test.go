package succession

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/exit"
)

func TestRollbackChoosesTheReleaseBeforeOrTheNewestOfTheVersion(t *testing.T) {
	t.Parallel()
	three := []records.Release{{Version: "v2", Run: "c"}, {Version: "v1", Run: "b"}, {Version: "v1", Run: "a"}}
	for name, c := range map[string]struct {
		releases []records.Release
		to, run  string
		err      string
	}{
		"the one before":         {three, "", "b", ""},
		"a version":              {three, "v1", "b", ""},
		"the current one again":  {three, "v2", "c", ""},
		"a version nobody knows": {three, "v9", "", "--to v9: no such release; known are v2, v1"},
		"none before":            {three[:1], "", "", "production has no release before v2 to go back to"},
		"none at all":            {nil, "v1", "", "production has no release to go back to: nothing was deployed yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen, err := Back(c.releases, c.to)
			if c.err != "" {
				require.EqualError(t, err, c.err)
				require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.run, chosen.Run)
		})
	}
}
