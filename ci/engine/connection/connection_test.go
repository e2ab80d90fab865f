package connection

import (
	"errors"
	"net"
	"os"
	"testing"

	"dagger.io/dagger/engineconn"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/manifest"
)

func TestAnEngineIsNamedByAReferenceThatStartsNone(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{
		"kube-pod://dagger-engine-0", "kube-pod://dagger-engine-0?namespace=dagger&context=arn:aws:eks:eu:1:cluster/x", "kube-pod://a?container=b",
		"tcp://engine.internal:1234", "tcp://[::1]:1234", "unix:///run/dagger/engine.sock", "docker-container://slipway-engine",
	} {
		require.NoError(t, checkEngine(ref), ref)
	}
	for _, ref := range []string{
		"engine", "image://registry.example.com/engine", "docker-image://engine", "ssh://host", "https://host:1", "://",
		"kube-pod://", "kube-pod://Pod", "kube-pod://-o", "kube-pod://pod/path", "kube-pod://pod?namespace=", "kube-pod://pod?namespace=A&context=b", "kube-pod://pod?ns=a", "kube-pod://pod#a", "kube-pod://pod?%zz",
		"tcp://host", "tcp://host:0", "tcp://host:99999", "tcp://:1234", "tcp://host:1234/path", "tcp://me@host:1234",
		"unix://engine.sock", "unix:///", "docker-container://", "docker-container://-it", "docker-container://a/b", "docker-container://a?b=c",
	} {
		require.ErrorContains(t, checkEngine(ref), "write kube-pod://POD?", ref)
	}
}

func TestAnEngineThatCannotBeReachedIsToldWithItsReason(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, silent.Close())
	t.Setenv("PATH", t.TempDir())
	for ref, why := range map[string]string{
		"tcp://" + silent.Addr().String():   "connection refused",
		"unix:///nowhere":                   "no such file",
		"kube-pod://dagger-engine-0":        "kubectl, which leads there, cannot be run: executable file not found in $PATH",
		"docker-container://slipway-engine": "docker, which leads there, cannot be run: executable file not found in $PATH",
	} {
		err := reachEngine(t.Context(), ref)
		require.ErrorContains(t, err, ref+": ")
		require.ErrorContains(t, err, why)
		require.Equal(t, exit.Unreachable, exit.Code(t.Context(), noEngine(ref, err)))
	}
	program := t.TempDir()
	require.NoError(t, os.WriteFile(program+"/kubectl", []byte("#!/bin/sh\necho warning >&2\necho \"$*\" >&2\nexit 1\n"), 0o755))
	t.Setenv("PATH", program)
	err = reachEngine(t.Context(), "kube-pod://a?namespace=b&context=c")
	require.ErrorContains(t, err, "kubectl: --context=c --namespace=b exec --container= -i a -- buildctl dial-stdio")
}

func TestAnEngineOfAnotherVersionIsToldWithBoth(t *testing.T) {
	t.Parallel()
	err := noEngine("tcp://a:1", errors.New("failed to read session params: EOF: \x1b[0m \x1b[2mserver-version=\x1b[0mv0.30.0\n\nError: start session: incompatible client version v0.21.8\n"))
	require.EqualError(t, err, "engine: tcp://a:1 is of version v0.30.0, and this needs v"+engineconn.CLIVersion+", the version of its SDK; start one there, or set --engine to the address of an engine")
}

// The images that the administrator's manifests name are those of the SDK.
func TestTheEngineOfKustomizeIsOfTheSDKsVersion(t *testing.T) {
	t.Parallel()
	objects, err := manifest.Render(os.DirFS("../../.."), "kustomize/engine", manifest.Layer{})
	require.NoError(t, err)
	text, err := manifest.YAML(objects)
	require.NoError(t, err)
	require.Contains(t, string(text), "image: registry.dagger.io/engine:v"+engineconn.CLIVersion+"\n")
	for _, object := range objects {
		require.NotContains(t, []string{"RoleBinding", "ClusterRoleBinding"}, object.GetKind(), "the role is bound to nobody")
	}
}
