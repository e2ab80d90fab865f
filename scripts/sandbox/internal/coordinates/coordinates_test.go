package coordinates

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
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
	sandboxtest.Docker(t, "ps*) echo 1 2 3 ;;\ninspect*) cat <<'JSON'\n"+running+"\nJSON\n;;")
	cache := t.TempDir()
	found, err := (&docker.Docker{}).Inspect(t.Context())
	require.NoError(t, err)
	at, api, err := Read(cache, found, docker.OwnSocket, "/cache/dagger", true)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:32774", api)
	text, err := json.MarshalIndent(at, "", "  ")
	require.NoError(t, err)
	sandboxtest.Golden(t, "coordinates.golden", strings.ReplaceAll(string(text), cache, "CACHE")+"\n")
	kubectl := filepath.Join(cache, "light-KEY", "kubectl")
	env := func() string {
		var out strings.Builder
		require.NoError(t, at.WriteEnv(&out, kubectl))
		return strings.ReplaceAll(out.String(), cache, "CACHE")
	}
	sandboxtest.Golden(t, "env-without-kubectl.golden", env())
	require.NoError(t, os.CopyFS(filepath.Dir(kubectl), fstest.MapFS{"kubectl": {}}))
	sandboxtest.Golden(t, "env.golden", env())
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
	_, _, err := Read(t.TempDir(), map[string]docker.Inspected{docker.Node: {Name: "/" + docker.Node}, docker.Registry: {Name: "/" + docker.Registry}}, "", "", true)
	require.ErrorContains(t, err, "slipway-node does not publish port 6443")
}

func TestEnvironmentLinesAreSafeForAShell(t *testing.T) {
	t.Parallel()
	require.Equal(t, `export A='it'\''s'`, export("A", "it's"))
}

func TestEnvAndLoadSayWhatToRunBeforeUp(t *testing.T) {
	t.Parallel()
	_, err := Load(t.TempDir())
	require.EqualError(t, err, "the sandbox is not up: `sandbox up` starts it")
}
