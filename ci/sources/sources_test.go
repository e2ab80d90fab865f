package sources

import (
	"archive/tar"
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write scripts.tar")

// packed are the modules that the program compiles: see who calls Unpack.
var packed = []string{"sandbox", "sops"}

// listed are their files, without what only tests read.
func listed(t *testing.T) (names []string) {
	t.Helper()
	list := exec.Command("git", append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"}, packed...)...)
	list.Dir = filepath.Join("..", "..", "scripts")
	out, err := list.Output()
	require.NoError(t, err)
	for _, name := range strings.Fields(string(out)) {
		if !strings.HasSuffix(name, "_test.go") && !strings.Contains(name, "/testdata/") {
			names = append(names, name)
		}
	}
	return names
}

// pack makes the archive. The same files make the same one, whoever has them.
func pack(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	files := tar.NewWriter(&out)
	for _, name := range listed(t) {
		path := filepath.Join("..", "..", "scripts", name)
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) { // removed, and not committed yet
			continue
		}
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		mode := int64(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		require.NoError(t, files.WriteHeader(&tar.Header{Format: tar.FormatUSTAR, Name: name, Mode: mode, Size: int64(len(content))}))
		_, err = files.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	return out.Bytes()
}

func TestTheArchiveHasTheModulesAsTheyAre(t *testing.T) {
	t.Parallel()
	fresh := pack(t)
	if *update {
		require.NoError(t, os.WriteFile("scripts.tar", fresh, 0o644))
		return
	}
	require.True(t, bytes.Equal(fresh, archive), "scripts/sandbox or scripts/sops has changed: run `go test ./ci/sources -update`")
}

func TestEachModuleIsUnpackedAsItLies(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, module := range packed {
		at, err := Unpack(folder, module)
		require.NoError(t, err)
		require.Equal(t, module, filepath.Base(at))
		again, err := Unpack(folder, module)
		require.NoError(t, err)
		require.Equal(t, at, again)
		for _, name := range listed(t) {
			below, ok := strings.CutPrefix(name, module+"/")
			if !ok {
				continue
			}
			want, err := os.ReadFile(filepath.Join("..", "..", "scripts", name))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(at, below))
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), name)
		}
	}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing beside it")
	_, err = Unpack(folder, "lint")
	require.Error(t, err)
}

// The sandbox belongs to the folder two above its sources: to all versions of the program alike.
func TestWhatNobodyAsksForGoes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	now, long := filepath.Join(folder, "now"), filepath.Join(folder, "long")
	for _, former := range []string{now, long} {
		require.NoError(t, os.MkdirAll(filepath.Join(former, "sandbox"), 0o755))
	}
	then := time.Now().Add(-2 * unused)
	require.NoError(t, os.Chtimes(long, then, then))
	at, err := Unpack(folder, "sandbox")
	require.NoError(t, err)
	require.Equal(t, folder, filepath.Dir(filepath.Dir(at)))
	require.DirExists(t, now)
	require.NoDirExists(t, long)
}
