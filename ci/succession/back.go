package succession

import (
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Back returns the release to roll back to, of those that there are, newest first: the one of a version or, without one, the one
// before the current one. The error is of exit code 2.
func Back(releases []records.Release, to string) (records.Release, error) {
	var known []string
	for _, release := range releases {
		if to != "" && release.Version == to {
			return release, nil
		}
		if !slices.Contains(known, release.Version) {
			known = append(known, release.Version)
		}
	}
	switch {
	case len(releases) == 0:
		return records.Release{}, exit.Usagef("production has no release to go back to: nothing was deployed yet")
	case to != "":
		return records.Release{}, exit.Usagef("--to %s: no such release; known are %s", to, strings.Join(known, ", "))
	case len(releases) == 1:
		return records.Release{}, exit.Usagef("production has no release before %s to go back to", releases[0].Version)
	}
	return releases[1], nil
}
