package job

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAShallowCloneIsToldWithWhatToSetUnderEachVendor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":           "run `git fetch --unshallow` first",
		"github":     "set `fetch-depth: 0` for actions/checkout",
		"gitlab":     "set the variable `GIT_DEPTH: 0`",
		"jenkins":    "set `shallow: false` in the CloneOption of the checkout, or clear \"Shallow clone\" in the job",
		"circleci":   "set `method: full` for the step checkout",
		"woodpecker": "set `partial: false` and `depth: 0` for plugin-git under clone",
		"tekton":     "set `depth: 0` for the task git-clone",
		"azure":      "set `fetchDepth: 0` for the step checkout",
	} {
		require.True(t, strings.HasPrefix(Job{Vendor: name}.Shallow(), "this clone is shallow: "))
		require.True(t, strings.HasSuffix(Job{Vendor: name}.Shallow(), "; "+want), Job{Vendor: name}.Shallow())
		require.NotContains(t, Job{Vendor: name}.Shallow(), "\n")
	}
	for _, v := range vendors {
		require.NotEmpty(t, v.whole, v.name)
	}
}
