package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

// TestAFolderOfAMonorepoIsShipped: two images, one of which is built from the repository's
// top, two Services, and a Job that must be done before their Deployments are written.
func TestAFolderOfAMonorepoIsShipped(t *testing.T) {
	shop := newExample(t, "shop", "--application", "shop")
	w, n := shop.world, shop.n
	shop.r.edit("shop/kustomize/base/web.yaml", "path: /shop", "path: /"+n.production)
	shop.r.begin()
	migration := "Job " + n.production + "/migrate"
	empty := w.snapshot(t, n)
	first := shop.shipped(t)

	t.Run("with both images, tested by both suites", func(t *testing.T) {
		require.Len(t, first.report.Images, 2)
		require.Equal(t, []report.Image{
			{Name: "ghcr.io/acme/web", Repository: w.Image + "/shop", Digest: first.report.Digest},
			{Name: "ghcr.io/acme/orders", Repository: w.Image + "/shop-orders", Digest: first.report.Images[1].Digest},
		}, first.report.Images)
		require.Equal(t, "2 images, ghcr.io/acme/web, ghcr.io/acme/orders", first.stage(t, "build").Detail)
		require.Equal(t, "tested inside and outside", first.stage(t, "functional").Detail)
		require.Len(t, first.stage(t, "functional").Tests, 2*3, "inside and outside")
		require.Len(t, first.stage(t, "production").Tests, 2)
		for _, test := range []string{"web welcomes", "orders are counted"} {
			require.Contains(t, first.junit, `name="`+test)
		}
		require.Equal(t, shop.r.version(), w.productionVersion(t, first))
		require.Regexp(t, `functional: Job `+n.build+`/migrate-\S+: 0 of 1 completions`, first.stdout)
		before, _, found := strings.Cut(first.stdout, migration+": ready\n")
		require.True(t, found)
		require.NotContains(t, before, "Deployment "+n.production+"/", "the migration came too late")
		requireSame(t, empty.in(n.build), w.snapshot(t, n).in(n.build), "the beta left something")
	})
	t.Run("again, which changes nothing", func(t *testing.T) {
		shop.callChangesNothing(t, first)
	})
	t.Run("not at all for a commit to the application beside it", func(t *testing.T) {
		shop.r.edit("other/Dockerfile", "FROM", "# Another comment.\nFROM")
		shop.r.commit()
		done := shop.ship(t)
		require.Equal(t, 0, done.code, done.stdout)
		require.Equal(t, []string{"build skipped", "functional skipped", "release skipped", "deploy skipped", "production skipped", "cleanup passed"}, done.results())
		require.Equal(t, "nothing of shop has changed since "+first.report.Version+", which production runs", done.stage(t, "build").Detail)
		require.Equal(t, first.report.Version, done.report.Version)
		require.Equal(t, 0, done.report.Receipt.Changed)
	})
	t.Run("with the next commit, whose migration runs", func(t *testing.T) {
		shop.r.edit("shop/web/web.c", "well", "very well")
		shop.r.commit()
		former := w.snapshot(t, n)[migration]
		second := shop.shipped(t)
		require.NotEqual(t, former, w.snapshot(t, n)[migration])
		require.Equal(t, second.report.Version, w.productionVersion(t, second))
	})
	t.Run("and rolled back, without a migration", func(t *testing.T) {
		back := shop.rollsBack(t, first)
		require.Contains(t, back.stage(t, "rollback").Detail, "Jobs stay as they are, none was run")
		require.Equal(t, first.report.Version, w.productionVersion(t, back))
	})
	t.Run("and put back when a migration fails, but for what that did", func(t *testing.T) {
		shop.r.edit("shop/kustomize/overlays/production/kustomization.yaml", "TABLE=orders", "TABLE=carts")
		shop.r.commit()
		done := shop.isPutBack(t, 32, migration)
		require.Contains(t, done.stage(t, "deploy").Error, "exit code 3")
		require.Contains(t, done.stdout, "migration 2: there is no table carts", "the Job's log is not shown")
		require.Equal(t, []string{"what " + migration + " did, to a database for example, is not put back"}, done.report.Undo.Left)
		require.NotContains(t, w.snapshot(t, n), migration)
	})
}
