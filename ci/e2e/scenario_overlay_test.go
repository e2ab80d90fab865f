package e2e

import (
	"os"
	"strings"

	"github.com/stretchr/testify/require"
)

const productionFolder = "kustomize/overlays/production/"

// overlay changes the production overlay and nothing that an image is built from:
// with the same --version the build is found in the engine's cache. patch is a
// strategic merge, add are objects; both may be empty.
func (r *repository) overlay(patch, add string) {
	r.t.Helper()
	r.write(productionFolder+"patch.yaml", patch)
	r.write(productionFolder+"add.yaml", add)
	file := productionFolder + "kustomization.yaml"
	content, err := os.ReadFile(r.path(file))
	require.NoError(r.t, err)
	text := strings.ReplaceAll(string(content), "- add.yaml\n", "")
	text, _, _ = strings.Cut(text, "patches:\n")
	if add != "" {
		text = strings.Replace(text, "resources:\n", "resources:\n- add.yaml\n", 1)
	}
	if patch != "" {
		text += "patches:\n- path: patch.yaml\n"
	}
	r.write(file, text)
}

func (r *repository) write(file, content string) {
	r.t.Helper()
	require.NoError(r.t, os.WriteFile(r.path(file), []byte(content), 0o644))
}

// deployment is a patch of the Deployment's spec, pods one of its pods' spec and
// container one of its container.
func deployment(spec string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {" + spec + "}}"
}

func pods(spec string) string { return deployment("template: {spec: {" + spec + "}}") }

func container(fields string) string { return pods("containers: [{name: api, " + fields + "}]") }

// hardened is what Pod Security asks of a container.
const hardened = "securityContext: {runAsUser: 999, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"
