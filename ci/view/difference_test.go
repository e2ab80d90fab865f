package view

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/difference"
	"github.com/slipway-cd/slipway/ci/goldentest"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/sbom"
)

// difference is one in which everything changed.
func twoReleases(t *testing.T) difference.Difference {
	t.Helper()
	return difference.Difference{Namespace: "shop", From: history.Deploy{Version: "v1"}, To: history.Deploy{Version: "v2"},
		Commits: []history.Commit{
			{Hash: "2123456789abcdef", Time: ago(time.Hour), Author: "grace", Subject: "shop: take \x1b[31mcards"},
			{Hash: "1123456789abcdef", Time: ago(50 * time.Hour), Author: "ada", Subject: "shop: count"},
		},
		Gone:    []history.Commit{{Hash: "3123456789abcdef", Time: ago(3 * time.Hour), Author: "ada", Subject: "shop: a hotfix"}},
		Changes: changing(t).Changes,
		Images: []difference.Contents{
			{Name: "shop", From: oneDigest, To: twoDigest, Unverified: true, Packages: []sbom.Change{
				{Package: "deb/openssl", From: []string{"3.5.1"}, To: []string{"3.5.2"}},
				{Package: "golang/golang.org/x/net", From: []string{}, To: []string{"v0.59.0"}},
				{Package: "golang/old", From: []string{"v1.0.0", "v1.1.0"}, To: []string{}},
			}},
			{Name: "orders", From: oneDigest, To: oneDigest, Packages: []sbom.Change{}},
			{Name: "mail", From: oneDigest, To: twoDigest, Packages: []sbom.Change{}},
			{Name: "newer", To: twoDigest, Error: "v1 did not have it, or its digest is not known", Packages: []sbom.Change{}},
		}}
}

func TestADifferenceIsCommitsPackagesAndObjects(t *testing.T) {
	t.Parallel()
	goldentest.Require(t, "difference.txt", differenceText(twoReleases(t), report.Screen{}))
	goldentest.Require(t, "difference-color.txt", differenceText(twoReleases(t), report.Screen{Color: true}))
}

func TestADifferenceForProgramsHasAllOfIt(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d := twoReleases(t)
	d.Changes = d.Changes[1:2]
	require.NoError(t, printJSON(&out, d))
	goldentest.Require(t, "difference.json", out.String())
}

func TestWhatCannotBeKnownOfADifferenceSaysWhy(t *testing.T) {
	t.Parallel()
	d := difference.Difference{From: history.Deploy{Version: "v1"}, To: history.Deploy{Version: "v2"}, CommitsError: "this clone has no commit 1", ObjectsError: "those of v1 are not kept", Changes: []apply.Preview{}}
	require.Equal(t, "Commits from v1 to v2: not known: this clone has no commit 1\n\nObjects, as they were rendered: not known: those of v1 are not kept\n", differenceText(d, report.Screen{}))
}

func TestOfManyCommitsTheNewestAreShown(t *testing.T) {
	t.Parallel()
	var all []history.Commit
	for i := range 34 {
		all = append(all, history.Commit{Hash: "0123456789abcdef", Subject: fmt.Sprint(i)})
	}
	text := differenceText(difference.Difference{Commits: all}, report.Screen{})
	require.Contains(t, text, "  29 ()\n  and 4 more\n")
}
