package main

import (
	"encoding/json"
	"strings"
	"testing"

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
	var out strings.Builder
	require.NoError(t, at.WriteEnv(&out))
	golden(t, "env.golden", strings.ReplaceAll(out.String(), s.cache, "CACHE"))
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
