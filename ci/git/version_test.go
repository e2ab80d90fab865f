package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/git/gittest"
)

const oneCommit, twoCommit = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98"

func TestATagThatFitsEverywhereIsTheVersionAsItIs(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"1", "v1.2.3", "v1.2.3-rc.1", "2024_01-a", "V1", strings.Repeat("a", 63), "v1-gold", "beta", "latest-1", "v1-beta.2"} {
		require.Equal(t, tag, versionOfTag(tag, oneCommit, ""))
	}
	require.Equal(t, "v1.2.3-dirty", versionOfTag("v1.2.3", oneCommit, dirty))
}

func TestATagThatDoesNotFitIsMadeFitAndNamesItsCommit(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"release/1.2":                        "release-1.2-g0123456789ab",
		"app/v1.2.3":                         "app-v1.2.3-g0123456789ab",
		"v1.2.3+build":                       "v1.2.3-build-g0123456789ab",
		"_v1.":                               "v1-g0123456789ab",
		"Größe":                              "Gr--e-g0123456789ab",
		"é":                                  "g0123456789ab",
		strings.Repeat("a", 64):              strings.Repeat("a", 49) + "-g0123456789ab",
		"a/" + strings.Repeat(".", 47) + "b": "a-g0123456789ab", // cut where no label's value may end
		// What runs name so themselves:
		"latest":           "latest-g0123456789ab",           // the tag of the newest release
		"v2.0-beta":        "v2.0-beta-g0123456789ab",        // the beta of v2.0
		"v2.0-dirty":       "v2.0-dirty-g0123456789ab",       // v2.0 with changes
		"5-gfedcba98":      "5-gfedcba98-g0123456789ab",      // an untagged commit
		"v1-gfedcba987654": "v1-gfedcba987654-g0123456789ab", // v1 of another commit, made fit
	} {
		require.Equal(t, want, versionOfTag(tag, oneCommit, ""), tag)
	}
	long := versionOfTag(strings.Repeat("a", 60), oneCommit, dirty)
	require.Equal(t, strings.Repeat("a", 43)+"-g0123456789ab-dirty", long)
	require.Len(t, long, versionLength)
}

func TestACommitWithATagThatDoesNotFitHasAVersion(t *testing.T) {
	t.Parallel()
	folder := gittest.Repository(t)
	gittest.Run(t, folder, "tag", "release/1.2")
	gittest.Run(t, folder, "tag", "release-1.2", "HEAD~1")
	newer, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Equal(t, "release-1.2-g"+newer.Commit[:12], newer.Version)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), []byte("changed"), 0o644))
	changed, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Equal(t, newer.Version+"-dirty", changed.Version)
	gittest.Run(t, folder, "checkout", "-q", "--force", "HEAD~1")
	older, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Equal(t, "release-1.2", older.Version)
}
