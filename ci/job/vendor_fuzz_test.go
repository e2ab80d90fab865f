package job

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/settings"
)

// FuzzJobOf holds that whatever a CI vendor calls a run, its id is one, and
// the same the next time if there was anything in the name to go by.
func FuzzJobOf(f *testing.F) {
	for _, seed := range []string{"", "17", "17-2", "_Job/99 ", "///", "É", "İ", "a\nb", "ſ", "\xff", strings.Repeat("a", 40), strings.Repeat("a", 31) + "-b"} {
		f.Add(seed, "2")
	}
	f.Fuzz(func(t *testing.T, id, attempt string) {
		getenv := func(name string) string {
			return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": id, "GITHUB_RUN_ATTEMPT": attempt}[name]
		}
		one, err := Of("auto", getenv)
		require.NoError(t, err)
		require.NoError(t, settings.CheckRun(one.Run))
		if again, _ := Of("auto", getenv); again.Run != one.Run {
			require.Empty(t, slug(id+"-"+attempt))
		}
	})
}
