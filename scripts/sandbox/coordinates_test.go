package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// running is what docker inspect tells of a sandbox that runs.
const running = `[
{"Id": "1", "Name": "/slipway-node", "State": {"Status": "running"}, "NetworkSettings": {
  "Ports": {"6443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32774"}], "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32775"}]},
  "Networks": {"slipway": {"IPAddress": "100.102.1.4"}}}},
{"Id": "2", "Name": "/slipway-registry", "State": {"Status": "running"}, "NetworkSettings": {
  "Ports": {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32773"}]}}},
{"Id": "3", "Name": "/slipway-engine", "State": {"Status": "running"}}]`

func TestCoordinatesTellWhereEverythingIs(t *testing.T) {
	fakeDocker(t, "ps*) echo 1 2 3 ;;\ninspect*) cat <<'JSON'\n"+running+"\nJSON\n;;")
	s := newSandbox(t)
	found, err := (&docker{}).inspect(t.Context())
	require.NoError(t, err)
	at, api, err := s.coordinates(found, ownSocket, "/cache/dagger")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:32774", api)
	text, err := json.MarshalIndent(at, "", "  ")
	require.NoError(t, err)
	golden(t, "coordinates.golden", strings.ReplaceAll(string(text), s.cache, "CACHE")+"\n")
	b, err := s.newBuild()
	require.NoError(t, err)
	env := func() string {
		var out strings.Builder
		require.NoError(t, at.WriteEnv(&out, b.kubectl()))
		return strings.ReplaceAll(strings.ReplaceAll(out.String(), s.cache, "CACHE"), b.plan.programs["light"], "KEY")
	}
	golden(t, "env-without-kubectl.golden", env())
	require.NoError(t, os.CopyFS(filepath.Dir(b.kubectl()), fstest.MapFS{"kubectl": {}}))
	golden(t, "env.golden", env())
}

func TestAShellFindsKubectl(t *testing.T) {
	t.Parallel()
	kubectl := filepath.Join(t.TempDir(), "it's here", "kubectl")
	require.NoError(t, os.CopyFS(filepath.Dir(kubectl), fstest.MapFS{"kubectl": {Mode: 0o755}}))
	var out strings.Builder
	require.NoError(t, new(Coordinates).WriteEnv(&out, kubectl))
	found, err := exec.CommandContext(t.Context(), "sh", "-c", out.String()+"command -v kubectl").Output()
	require.NoError(t, err)
	require.Equal(t, kubectl+"\n", string(found))
}

func TestAPortThatIsNotPublishedIsNamed(t *testing.T) {
	t.Parallel()
	_, _, err := newSandbox(t).coordinates(map[string]inspected{nodeName: {Name: "/" + nodeName}, registryName: {Name: "/" + registryName}}, "", "")
	require.ErrorContains(t, err, "slipway-node does not publish port 6443")
}

func TestEnvironmentLinesAreSafeForAShell(t *testing.T) {
	t.Parallel()
	require.Equal(t, `export A='it'\''s'`, export("A", "it's"))
}

func TestEnvAndLoadSayWhatToRunBeforeUp(t *testing.T) {
	t.Parallel()
	_, err := newSandbox(t).Load()
	require.EqualError(t, err, "the sandbox is not up: run `go run ./ci sandbox up`")
}
