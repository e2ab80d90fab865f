package vendors

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// needs skips a test where a program is missing: a laptop may lack it, what guards
// the project may not.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		_, err := exec.LookPath(program)
		if err != nil && os.Getenv("CI") == "" {
			t.Skip("no program " + program)
		}
		require.NoError(t, err)
	}
}

// npm is a folder with what package-lock.json names, filled once; not in this
// repository, since all below it is given to the engine.
var npm = sync.OnceValues(func() (string, error) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	folder := filepath.Join(cache, "slipway", "vendors", hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := copyFile(name, filepath.Join(fresh, name)); err != nil {
			return "", err
		}
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = fresh
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, out)
	}
	return folder, os.Rename(fresh, folder)
})

// node is a program of an npm package, as the start of a command.
func node(t *testing.T, program string) []string {
	t.Helper()
	needs(t, "node", "npm")
	folder, err := npm()
	require.NoError(t, err)
	return []string{"node", filepath.Join(folder, "node_modules", ".bin", program)}
}

// tool is a program of this folder's go.mod, as the start of a command that may run anywhere.
func tool(t *testing.T, program string) []string {
	t.Helper()
	here, err := filepath.Abs("go.mod")
	require.NoError(t, err)
	out := must(t, ".", "go", "tool", "-n", "-modfile="+here, program)
	_, err = os.Stat(out)
	require.NoError(t, err, "go tool compiles it, too")
	return []string{out}
}

// run runs a command in a folder and returns what it printed, and how it ended.
func run(t *testing.T, dir string, env []string, command ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs a command that has to succeed.
func must(t *testing.T, dir string, command ...string) string {
	t.Helper()
	out, err := run(t, dir, nil, command...)
	require.NoError(t, err, out)
	return strings.TrimSpace(out)
}

// machine is the environment of a vendor's machine: this one's, without what tells of
// a CI vendor or steers Slipway, and with an empty home.
func machine(t *testing.T, more ...string) []string {
	t.Helper()
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc([]string{"CI=", "CI_", "GITHUB_", "GITLAB_", "SLIPWAY_", "HOME=", "OLDPWD="}, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // else in the home
		env = append(env, name+"="+must(t, ".", "go", "env", name))
	}
	return append(append(env, "HOME="+t.TempDir()), more...)
}

// checkout clones this repository, with what is not committed yet, as the branch main
// of a repository on GitHub.
func checkout(t *testing.T) string {
	t.Helper()
	root := must(t, ".", "git", "rev-parse", "--show-toplevel")
	dir := filepath.Join(t.TempDir(), "go-demo")
	must(t, root, "git", "clone", "--quiet", ".", dir)
	for _, args := range [][]string{
		{"checkout", "--quiet", "-B", "main"},
		{"update-ref", "refs/remotes/origin/main", "HEAD"},
		{"symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"},
		{"remote", "set-url", "origin", "https://github.com/team/go-demo.git"},
	} {
		must(t, dir, append([]string{"git"}, args...)...)
	}
	changed := must(t, root, "git", "diff", "--name-only", "--no-renames", "HEAD") + "\n" + must(t, root, "git", "ls-files", "--others", "--exclude-standard")
	for _, name := range strings.Fields(changed) {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			require.NoError(t, copyFile(filepath.Join(root, name), filepath.Join(dir, name)))
		}
	}
	return dir
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode())
}

// edit replaces text that must be there in a file of a checkout.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(content), from)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(content), from, to)), 0o644))
}

// quoted are words of a shell's command line.
func quoted(words []string) string { return "'" + strings.Join(words, "' '") + "'" }

func number(n int) string { return strconv.Itoa(n) }
