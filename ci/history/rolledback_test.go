package history

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAVersionThatWasRolledBackIsThatUntilItIsThereAgain(t *testing.T) {
	t.Parallel()
	first, second := Deploy{Version: "1", Result: Released}, Deploy{Version: "2", Result: Released}
	back := Deploy{Version: "1", Back: "2", Rollback: true, Result: Released, Run: "r"}
	for name, c := range map[string]struct {
		deploys []Deploy // newest first
		rolled  bool
	}{
		"there":                  {[]Deploy{second, first}, false},
		"rolled back":            {[]Deploy{back, second, first}, true},
		"a newer one since then": {[]Deploy{{Version: "3", Result: Released}, back, second, first}, true},
		"there again":            {[]Deploy{second, back, second, first}, false},
		"nobody went back":       {[]Deploy{{Version: "3", Back: "2", Result: Released}, second}, false},
		"going back failed":      {[]Deploy{{Version: "1", Back: "2", Rollback: true, Result: Undone}, second}, false},
		"never there":            {[]Deploy{first}, false},
	} {
		by := RolledBack(c.deploys, "2")
		require.Equal(t, c.rolled, by != nil, name)
		if by != nil {
			require.Equal(t, "r", by.Run)
		}
	}
}
