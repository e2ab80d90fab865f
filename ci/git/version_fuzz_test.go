package git

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/slipway-cd/slipway/ci/image"
)

// FuzzVersionOfTag holds that whatever a tag is called, its version fits an image's
// tag and a label's value, says which tree it is of, and is that of no other commit,
// tagged or not, clean or changed.
func FuzzVersionOfTag(f *testing.F) {
	for _, seed := range []string{"v1.2.3", "release/1.2", "release-1.2", "release+1.2", "v1.2.3+build", "é", "", "...", "latest", "v1-beta", "v1-dirty",
		"2-g01234567", "release-1.2-g0123456789ab", "release-1.2-gfedcba987654-dirty", "gfedcba987654", strings.Repeat("a", 63), strings.Repeat("a/", 40)} {
		f.Add(seed, "release-1.2-g0123456789ab")
		f.Add(seed, "release/1.2")
	}
	f.Fuzz(func(t *testing.T, tag, other string) {
		versions := map[string]string{"2-g" + oneCommit[:8]: "untagged", "2-g" + oneCommit[:8] + dirty: "untagged, changed", "latest": "latest"}
		for _, of := range []struct{ tag, commit string }{{tag, oneCommit}, {other, twoCommit}} {
			for _, suffix := range []string{"", dirty} {
				version := versionOfTag(of.tag, of.commit, suffix)
				require.NoError(t, image.CheckTag(version))
				require.Empty(t, validation.IsValidLabelValue(version))
				require.Equal(t, suffix == dirty, strings.HasSuffix(version, dirty))
				if known := versions[version]; tag != other {
					require.Empty(t, known, "%q of %s is %s", of.tag, of.commit, version)
				}
				versions[version] = of.tag
				versions[version+"-beta"] = "the beta of " + of.tag
			}
		}
	})
}
