package main

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// described is what docker is told about each container, with what changes from
// one edit to the next written as words.
func described(s *Sandbox, f *flavour) string {
	var out strings.Builder
	for _, c := range s.containers(f) {
		args := strings.Join(c.createArgs(s.ownDocker()), " ")
		fmt.Fprintf(&out, "docker %s\n", strings.ReplaceAll(args, c.key(), "KEY"))
		fmt.Fprintf(&out, "volume state: %s\n", c.state)
		paths := make([]string, 0, len(c.files))
		for path := range c.files {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		for _, path := range paths {
			fmt.Fprintf(&out, "--- %s\n%s", path, c.files[path])
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestBuiltImagesRunAsTheseContainers(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	b, err := s.newBuild()
	require.NoError(t, err)
	b.plan.images = map[string]string{"engine": "KEY", "node": "KEY", "registry": "KEY"}
	f, err := s.builtFlavour(b)
	require.NoError(t, err)
	pki, err := s.readImages("node/pki.sh")
	require.NoError(t, err)
	f.nodeState = strings.ReplaceAll(f.nodeState, short(pki), "PKI")
	golden(t, "built.golden", described(s, f))
}

func TestPublishedImagesRunAsTheseContainers(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	f, err := s.publishedFlavour()
	require.NoError(t, err)
	golden(t, "published.golden", described(s, f))
}

func TestAnEngineOfTheUserIsUsedInPlaceOfOurs(t *testing.T) {
	t.Parallel()
	require.Empty(t, namedEngine(ownEngine), "`sandbox env` names ours")
	require.Empty(t, namedEngine(""))
	s := newSandbox(t)
	s.engine = namedEngine("tcp://engine:1234")
	f, err := s.publishedFlavour()
	require.NoError(t, err)
	for _, c := range s.containers(f) {
		require.NotEqual(t, engineName, c.name)
	}
	require.NotContains(t, s.wanted(), "engine")
	var out strings.Builder
	require.NoError(t, s.Status(t.Context(), &out))
	require.Regexp(t, `engine +- +yours +tcp://engine:1234`, out.String())
}

func TestFilesReachAContainerWithTheFoldersAboveThem(t *testing.T) {
	t.Parallel()
	archive, err := archived(map[string]string{"/etc/a/one": "1", "/etc/two": "22"})
	require.NoError(t, err)
	var names []string
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		names = append(names, header.Name)
	}
	require.Equal(t, []string{"etc/", "etc/a/", "etc/a/one", "etc/two"}, names)
}

func TestVersionsAreThoseOfTheGoModules(t *testing.T) {
	t.Parallel()
	for folder, line := range map[string]string{
		"engine": "\tgithub.com/dagger/dagger " + daggerVersion + "\n",
		"node":   "\tk8s.io/kubernetes " + kubernetesVersion + "\n",
	} {
		text, err := os.ReadFile(filepath.Join("images", folder, "go.mod"))
		require.NoError(t, err)
		require.Contains(t, string(text), line)
	}
}
