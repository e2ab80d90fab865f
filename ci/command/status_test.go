package command

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

const (
	oneDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	twoDigest = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

func TestStatusShowsWhatRunsWhere(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	status := pipeline.Status{
		Namespace: "shop", BuildNamespace: "shop-build",
		Releases: []pipeline.Released{
			{Version: "v2", Digest: twoDigest, Commit: "0123456789abcdef", Run: "42", Time: now.Add(-3 * time.Minute)},
			{Version: "v1", Digest: oneDigest, Commit: "unknown", Run: "41", Time: now.Add(-50 * time.Hour)},
		},
		Running: []cluster.Workload{
			{Name: "api", Wanted: 2, Images: []cluster.ImagePods{{Image: "r.example/shop@" + oneDigest, Pods: 1, Ready: 1}, {Image: "r.example/shop@" + twoDigest, Pods: 1}}},
			{Name: "worker", Wanted: 1},
		},
		Runs: []cluster.Run{{ID: "43", Started: now.Add(-time.Minute), Seen: now.Add(-2 * time.Second), Data: map[string]string{"version": "v3"}}},
		Lock: &cluster.Holder{Name: "43 (v3)", Acquired: now.Add(-10 * time.Second), Renewed: now.Add(-time.Second)},
		Queue: []cluster.Waiter{
			{Name: "44 (v4)", Since: now.Add(-8 * time.Second), Renewed: now.Add(-3 * time.Second)},
			{Name: "45 (v5)", Since: now.Add(-2 * time.Second), Renewed: now.Add(-2 * time.Second)},
		},
	}
	golden(t, "status.txt", statusText(status, report.Screen{}, now))
	require.Contains(t, statusText(status, report.Screen{Color: true}, now), "\x1b[")
}

func TestStatusOfNothingSaysSo(t *testing.T) {
	t.Parallel()
	golden(t, "status-empty.txt", statusText(pipeline.Status{Namespace: "shop", BuildNamespace: "shop-build"}, report.Screen{}, time.Unix(0, 0)))
}
