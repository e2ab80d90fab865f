package adopt

import (
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// withFiles is a file system with files that are not written yet.
type withFiles struct {
	fs.FS
	added map[string]string
}

// Open opens an added file, a folder that is there for an added file alone, or what there is.
func (w withFiles) Open(name string) (fs.File, error) {
	if content, ok := w.added[name]; ok {
		return &addedFile{info{path.Base(name), int64(len(content)), 0o644}, strings.NewReader(content)}, nil
	}
	file, err := w.FS.Open(name)
	if err == nil {
		return file, nil
	}
	for added := range w.added {
		if strings.HasPrefix(added, name+"/") {
			return &addedFile{info{path.Base(name), 0, fs.ModeDir | 0o755}, strings.NewReader("")}, nil
		}
	}
	return nil, err
}

type addedFile struct {
	info
	io.Reader
}

func (f *addedFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *addedFile) Close() error               { return nil }

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
