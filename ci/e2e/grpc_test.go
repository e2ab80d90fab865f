package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatSpeaksGRPCIsReachedByItsRoute: betas and production, by a GRPCRoute of a real Gateway.
func TestWhatSpeaksGRPCIsReachedByItsRoute(t *testing.T) {
	w, r := sandbox(t), copied(t, "rpc")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", r.path("rpc"), "./ci/e2e/testdata/rpc/server")
	build.Dir = w.root
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	n := w.newNamespaces(t, "grpc", "--source", r.folder)
	host := n.production + ".example.com"
	r.edit(filepath.Join("kustomize", "base", "rpc.yaml"), "rpc.example.com", host)
	r.begin()
	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Contains(t, done.stage(t, "functional").Detail, "answers inside and outside")
	production := done.report.Addresses[len(done.report.Addresses)-1]
	require.Equal(t, "http://"+host, production.URL)
	require.Contains(t, production.FoundBy, "GRPCRoute "+n.production+"/rpc, host in its rule, dialled at ")
	require.Contains(t, done.report.Addresses[1].URL, "http://"+done.report.Run+"."+host)
}
