package e2e

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"
)

// scanners are the real program, as its published image has it, and what writes a database in its schema: compiled once, which takes
// minutes where nothing is cached.
var scanners = sync.OnceValues(func() (folder string, err error) {
	folder = filepath.Dir(shared.program) // which is removed when all tests have ended
	for program, from := range map[string]string{"grype": "github.com/anchore/grype/cmd/grype", "database": "./database"} {
		build := exec.Command("go", "build", "-C", "../../scripts/grype", "-trimpath", "-ldflags", "-s -w -X main.version=tested", "-o", filepath.Join(folder, program), from)
		build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		if err := build.Run(); err != nil {
			return "", err
		}
	}
	return folder, nil
})

// invented is a vulnerability that nobody else knows of.
type invented struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases,omitempty"`
	Severity string   `json:"severity"`
	Module   string   `json:"module"`
	Fixed    string   `json:"fixed,omitempty"`
}

// database is a folder with a real database of vulnerabilities that are not.
func database(t *testing.T, folder string, known ...invented) {
	t.Helper()
	programs, err := scanners()
	require.NoError(t, err)
	content, err := json.Marshal(known)
	require.NoError(t, err)
	write := exec.CommandContext(t.Context(), filepath.Join(programs, "database"), folder)
	write.Stdin = bytes.NewReader(content)
	said, err := write.CombinedOutput()
	require.NoError(t, err, string(said))
}

// pushed makes an image of nothing but what a folder holds, and returns its name in the sandbox.
func (w *world) pushed(t *testing.T, what, folder string) string {
	t.Helper()
	var content bytes.Buffer
	files := tar.NewWriter(&content)
	require.NoError(t, files.AddFS(os.DirFS(folder)))
	require.NoError(t, files.WriteHeader(&tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}))
	require.NoError(t, files.Close())
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil })
	require.NoError(t, err)
	image, err := mutate.AppendLayers(empty.Image, layer)
	require.NoError(t, err)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{WorkingDir: "/tmp"}
	image, err = mutate.ConfigFile(image, config)
	require.NoError(t, err)
	repository, err := name.NewRepository(w.Registry+"/"+what+"-"+w.session, name.Insecure)
	require.NoError(t, err)
	digest, err := image.Digest()
	require.NoError(t, err)
	require.NoError(t, remote.Write(repository.Digest(digest.String()), image))
	t.Cleanup(func() { _ = remote.Delete(repository.Digest(digest.String())) }) // nothing of the tests stays in the sandbox
	return w.Image + "/" + what + "-" + w.session + "@" + digest.String()
}

// grype is the scanner's image.
func (w *world) grype(t *testing.T) string {
	t.Helper()
	programs, err := scanners()
	require.NoError(t, err)
	folder := t.TempDir()
	content, err := os.ReadFile(filepath.Join(programs, "grype"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "grype"), content, 0o755))
	return w.pushed(t, "grype", folder)
}
