package vendors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const modulePath = "github.com/slipway-cd/slipway"

// published is this repository, with what is not committed yet, as a version of its module.
type published struct {
	version string
	folder  string // of a module proxy
	proxy   string // its address, and that of one for what the module requires
}

var (
	publish sync.Mutex
	latest  *published
	folders []string // that have it, for the end
)

// TestMain takes the version away again, also out of the module cache, which keeps it for good.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				err = os.Chmod(path, 0o755) // the cache's are read-only
			}
			return err
		})
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

// moduleOf publishes the module, once. The version is named after what is in it: what was
// compiled of the same is used again.
func moduleOf(t *testing.T) *published {
	t.Helper()
	publish.Lock()
	defer publish.Unlock()
	if latest != nil {
		return latest
	}
	folder, err := os.MkdirTemp("", "slipway-proxy-")
	require.NoError(t, err)
	folders = append(folders, folder)
	dir := checkout(t)
	packed := filepath.Join(folder, "packed.zip")
	version := "v0.0.0-" + pack(t, dir, packed, "v0.0.0") // of what is in it, whatever it is called
	at := filepath.Join(folder, filepath.FromSlash(modulePath), "@v")
	require.NoError(t, os.MkdirAll(at, 0o755))
	pack(t, dir, filepath.Join(at, version+".zip"), version)
	require.NoError(t, copyFile(filepath.Join(dir, "go.mod"), filepath.Join(at, version+".mod")))
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC().Format(time.RFC3339)})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(at, version+".info"), info, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(at, "list"), []byte(version+"\n"), 0o644))
	must(t, dir, "go", "mod", "download") // what it requires, all of which this repository need not have used
	cache := must(t, ".", "go", "env", "GOMODCACHE")
	download := filepath.Join(cache, "cache", "download")
	folders = append(folders, filepath.Join(cache, filepath.FromSlash(modulePath)+"@"+version))
	for _, ending := range []string{".info", ".lock", ".mod", ".zip", ".ziphash"} {
		folders = append(folders, filepath.Join(download, filepath.FromSlash(modulePath), "@v", version+ending))
	}
	latest = &published{version: version, folder: folder, proxy: "file://" + folder + ",file://" + download}
	return latest
}

// pack makes the zip of a version, which leaves out modules below this one, and returns its hash.
func pack(t *testing.T, dir, to, version string) string {
	t.Helper()
	file, err := os.Create(to)
	require.NoError(t, err)
	sum := sha256.New()
	require.NoError(t, zip.CreateFromDir(io.MultiWriter(file, sum), module.Version{Path: modulePath, Version: version}, dir))
	require.NoError(t, file.Close())
	return "g" + hex.EncodeToString(sum.Sum(nil)[:6])
}

// elsewhere is the environment of a machine that has no checkout of this repository. What the
// module requires is not asked of others: its go.sum has what this repository's cache holds. What the gate has compiled without paths need not be compiled again.
func (p *published) elsewhere(t *testing.T, more ...string) []string {
	t.Helper()
	return machine(t, append([]string{"GOPROXY=" + p.proxy, "GOSUMDB=off", "GOFLAGS=-trimpath"}, more...)...)
}

// install is the program as go install makes it in an empty folder, once for all tests.
func (p *published) install(t *testing.T) string {
	t.Helper()
	publish.Lock()
	defer publish.Unlock()
	program := filepath.Join(p.folder, "bin", "slipway")
	if _, err := os.Stat(program); err != nil {
		out, err := run(t, t.TempDir(), p.elsewhere(t, "GOBIN="+filepath.Dir(program)), "go", "install", modulePath+"/ci/slipway@latest")
		require.NoError(t, err, out)
	}
	return program
}
