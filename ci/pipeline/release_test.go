package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/settings"
)

func TestAVersionFollowsFromACommitThatIsToBeReleasedAsItIs(t *testing.T) {
	t.Parallel()
	follows := func(change func(*settings.Options)) bool {
		r := &Run{opts: settings.Options{Until: "release", Derived: true}}
		change(&r.opts)
		return r.tags("build").Follows
	}
	require.True(t, follows(func(*settings.Options) {}))
	require.False(t, follows(func(o *settings.Options) { o.Derived = false }), "a version that was given")
	require.False(t, follows(func(o *settings.Options) { o.History = commits.History{Dirty: true} }), "a changed tree")
	require.False(t, follows(func(o *settings.Options) { o.Until = "functional" }), "a run that does not reach")
}
