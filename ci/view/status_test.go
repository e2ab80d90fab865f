package view

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/goldentest"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/status"
)

const (
	oneDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	twoDigest = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

var now = time.Unix(1700000000, 0)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// healthy is production with nothing going on.
func healthy() status.Status {
	image := func(name, digest string) []rollout.ImagePods {
		return []rollout.ImagePods{{Image: "r.example/" + name + "@" + digest, Pods: 2, Ready: 2}}
	}
	return status.Status{
		Time: now, Namespace: "shop", BuildNamespace: "shop-build", Healthy: true,
		Releases: []status.Released{
			{Version: "v2", Digest: twoDigest, Commit: "0123456789abcdef", Run: "42", Time: ago(3 * time.Minute), Evidence: &report.Evidence{
				Image: "r.example/shop", Signer: "key 9d8a863b", Commit: "0123456789abcdef", Clean: true, Builder: "dagger v0.21.8", SBOM: oneDigest, Provenance: twoDigest,
				Tests: []report.Tested{{Stage: "functional", Passed: 7, Addresses: []string{"Service", "Ingress"}, Cluster: "https://k8s.example/shop-build", Finished: ago(4 * time.Minute), Run: "42"}}}},
			{Version: "v1", Digest: oneDigest, Commit: "unknown", Run: "41", Time: ago(50 * time.Hour)},
		},
		Running: []rollout.Workload{{Name: "api", Wanted: 2, Images: image("shop", twoDigest)}, {Name: "cache", Wanted: 2, Images: image("cache", oneDigest)}, {Name: "off", Images: []rollout.ImagePods{}}},
	}
}

// makers are those of a production that others have made.
func makers() []apply.Maker {
	return []apply.Maker{
		{Who: "Helm (release shop)", Objects: []string{"ConfigMap shop/settings", "Deployment shop/api", "Ingress shop/api", "Secret shop/password", "Service shop/api", "ServiceAccount shop/api"}},
		{Who: "kubectl scale", Objects: []string{"Deployment shop/api"}},
	}
}

func TestStatusSaysWhatMattersMostFirst(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*status.Status){
		"healthy": func(*status.Status) {},
		"empty":   func(s *status.Status) { *s = status.Status{Namespace: "shop", BuildNamespace: "shop-build"} },
		"rollout": func(s *status.Status) {
			s.Running[0].Images = []rollout.ImagePods{{Image: "r.example/shop@" + oneDigest, Pods: 1, Ready: 1}, {Image: "r.example/shop@" + twoDigest, Pods: 1}}
			s.Running = append(s.Running, rollout.Workload{Name: "worker", Wanted: 1})
			s.Runs = []runs.Run{{ID: "43", Started: ago(time.Minute), Seen: ago(2 * time.Second), Data: map[string]string{"version": "v3"}}}
			s.Lock = &lock.Holder{Name: "43 (v3)", Acquired: ago(10 * time.Second), Renewed: ago(time.Second)}
			s.Undos = []status.Undoable{{Run: "43", Version: "v3", Back: "v2", Time: ago(8 * time.Second), UnderWay: true}}
			s.Queue = []lock.Waiter{
				{Name: "44 (v4)", Since: ago(8 * time.Second), Renewed: ago(3 * time.Second)},
				{Name: "45 (v5)", Since: ago(2 * time.Second), Renewed: ago(2 * time.Second)},
			}
		},
		"stale": func(s *status.Status) {
			s.Runs = []runs.Run{
				{ID: "40", Started: ago(2 * time.Hour), Seen: ago(time.Hour), Data: map[string]string{"version": "v0"}},
				{ID: "43", Started: ago(time.Minute), Seen: ago(2 * time.Second)},
			}
			s.Stale = []string{"40"}
		},
		"undo": func(s *status.Status) {
			s.Undos = []status.Undoable{{Run: "43", Version: "v3", Back: "v2", Time: ago(5 * time.Minute)}, {Run: "40", Version: "v0", Time: ago(time.Hour)}}
			s.Lock = &lock.Holder{Name: "43 (v3)", Acquired: ago(6 * time.Minute), Renewed: ago(5 * time.Minute)}
			s.Running[0].Images[0].Image = "r.example/shop@" + oneDigest
		},
		"broken": func(s *status.Status) {
			s.Broken = []records.Broken{
				{Record: "release", Secret: "shop/slipway-release-41", Cause: "unexpected EOF", Remove: "kubectl -n shop delete secret slipway-release-41"},
				{Record: "undo", Secret: "shop/slipway-undo-43", Cause: "1 of its 3 parts of former are there", Made: ago(5 * time.Minute), Remove: "kubectl -n shop delete secret slipway-undo-43"},
			}
		},
		"others": func(s *status.Status) {
			*s = status.Status{Namespace: "shop", BuildNamespace: "shop-build", MadeBy: makers()}
		},
		"gone": func(s *status.Status) { s.Running = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status := healthy()
			change(&status)
			goldentest.Require(t, "status-"+name+".txt", statusText(status, report.Screen{}))
			goldentest.Require(t, "status-"+name+"-color.txt", statusText(status, report.Screen{Color: true}))
		})
	}
}

func TestStatusWithoutARecordedReleaseSaysSo(t *testing.T) {
	t.Parallel()
	status := healthy()
	status.Releases = nil
	require.Contains(t, statusText(status, report.Screen{}), "No release is recorded in shop.\nHealthy: 4 of 4 pods of its Deployments are ready.\n")
}

func TestStatusSaysWhyOthersAreNotKnown(t *testing.T) {
	t.Parallel()
	const reason = "overlay kustomize/overlays/production: does not exist"
	status := status.Status{Namespace: "shop", MadeByError: reason}
	require.Contains(t, statusText(status, report.Screen{}), "Nothing is released in shop yet.\n")
	require.Contains(t, statusText(status, report.Screen{}), "\nCannot tell whether another tool has deployed there: "+reason+"\n")
}

func TestStatusOfObjectsOfOthersBesideOursTellsTheHealthOfOurs(t *testing.T) {
	t.Parallel()
	status := healthy()
	status.Releases, status.MadeBy = nil, makers()
	require.Contains(t, statusText(status, report.Screen{}), "Not deployed by slipway yet")
	require.Contains(t, statusText(status, report.Screen{}), "\nHealthy: 4 of 4 pods of its Deployments are ready.\n")
}
