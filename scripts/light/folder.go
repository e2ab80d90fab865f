package light

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const folderPrefix = "slipway-light-"

// newFolder makes one for a cluster's state. It is locked as long as the file
// is open, at most as long as this program lives: so the next one can tell which
// folders were left behind by programs that were killed, and removes those.
func newFolder() (string, *os.File, error) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, folder := range left {
		info, err := os.Stat(folder)
		if err != nil || time.Since(info.ModTime()) < time.Minute { // may not be locked yet
			continue
		}
		if file, err := lock(folder); err == nil {
			_ = os.RemoveAll(folder)
			_ = file.Close()
		}
	}
	folder, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return "", nil, err
	}
	file, err := lock(folder)
	return folder, file, err
}

func lock(folder string) (*os.File, error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
