// Package sources carries the modules of scripts that the program compiles when it needs them. A module below another
// one is in no zip of that, so that a program that was made without a checkout of this repository finds them here.
package sources

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// archive has the files that the test beside this one names. It is not compressed: git and the module's zip do that.
//
//go:embed scripts.tar
var archive []byte

// unused is how long the files of another version of the program stay that nobody has asked for.
const unused = 7 * 24 * time.Hour

// Unpack returns the folder of a module of scripts. It writes the files below folder, where each version of them has
// a place of its own, unless they are there.
func Unpack(folder, module string) (string, error) {
	sum := sha256.Sum256(archive)
	at := filepath.Join(folder, hex.EncodeToString(sum[:8]))
	now := time.Now()
	err := os.Chtimes(at, now, now) // it is there, and in use
	if errors.Is(err, fs.ErrNotExist) {
		err = write(folder, at)
	}
	if err != nil {
		return "", fmt.Errorf("sources of scripts/%s: %w", module, err)
	}
	former, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, entry := range former {
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > unused {
			_ = os.RemoveAll(filepath.Join(folder, entry.Name()))
		}
	}
	path := filepath.Join(at, module)
	_, err = os.Stat(filepath.Join(path, "go.mod"))
	return path, err
}

// write writes all files beside their place and then puts them there at once.
func write(folder, at string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(folder, "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := extract(fresh); err != nil {
		return err
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	if err := os.Rename(fresh, at); err != nil {
		if _, there := os.Stat(at); there != nil { // else another process was faster
			return err
		}
	}
	return nil
}

func extract(folder string) error {
	for files := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		path := filepath.Join(folder, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, fs.FileMode(header.Mode)); err != nil {
			return err
		}
	}
}
