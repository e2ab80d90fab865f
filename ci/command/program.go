package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// unused is how long a program stays that no run has called: another clone of this
// repository, with another version of it, may be at work beside this one.
const unused = 7 * 24 * time.Hour

// compiled compiles the program in a folder that is a Go module and returns its path. It
// compiles only when the folder has changed: `go run` takes a third of a second each time
// to find that nothing has.
func compiled(ctx context.Context, folder string) (string, error) {
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
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", new, ".")
	build.Dir = folder
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

// sumOf names what a folder's program is made of, the compiler included.
func sumOf(folder string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		if info.Mode().IsRegular() && !strings.HasSuffix(file, "_test.go") {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(sum, filepath.Base(file), len(content))
			sum.Write(content)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}
