// Package pinned compiles programs that modules of this repository's scripts pin, and keeps them. It does not know what they are for.
package pinned

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/sources"
)

// unused is how long a program stays that no run has called: another clone of this
// repository, with another version of it, may be at work beside this one.
const unused = 7 * 24 * time.Hour

// Module finds a module of scripts: in this folder or one above it, where that is a checkout of this repository, else
// in what the program carries.
func Module(name string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		at := filepath.Join(folder, "scripts", name)
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && slices.Contains(strings.Split(string(text), "\n"), "module github.com/slipway-cd/slipway/scripts/"+name) {
			return at, nil // another repository may have such a folder, too
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			break
		}
		folder = parent
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set XDG_CACHE_HOME", err)
	}
	return sources.Unpack(filepath.Join(cache, "slipway", "sources"), name)
}

// Compile compiles a program, a package that a folder's Go module knows, and returns its
// path. It compiles only when the folder has changed: `go run` takes a third of a second
// each time to find that nothing has.
func Compile(ctx context.Context, folder, program string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set XDG_CACHE_HOME", err)
	}
	sum, err := sumOf(folder)
	if err != nil {
		return "", err
	}
	name := filepath.Base(folder) + "-"
	path := filepath.Join(cache, "slipway", "programs", name+sum)
	now := time.Now()
	if err := os.Chtimes(path, now, now); err == nil { // it is there, and in use
		return path, nil
	}
	new := fmt.Sprintf("%s.%d", path, os.Getpid()) // another process may compile the same
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", new, program)
	build.Dir = folder
	build.Env = append(os.Environ(), "GOWORK=off") // a workspace around the folder knows nothing of it
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w: %s", folder, err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(new, path); err != nil {
		return "", err
	}
	former, err := filepath.Glob(filepath.Join(filepath.Dir(path), name+"*"))
	if err != nil {
		return "", err
	}
	for _, file := range former {
		if used, err := os.Stat(file); err == nil && now.Sub(used.ModTime()) > unused {
			_ = os.Remove(file)
		}
	}
	return path, nil
}

// sumOf names what a folder's program is made of, the compiler included: its files
// and those of the packages below internal. What else it has folders for is no part
// of the program.
func sumOf(folder string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && name != "." && (entry.Name() == "testdata" || !strings.HasPrefix(name, "internal")):
			return fs.SkipDir
		case !entry.Type().IsRegular() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		content, err := os.ReadFile(path)
		fmt.Fprintln(sum, name, len(content))
		sum.Write(content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}
