package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// source is what kustomize reads: the layer, in memory, and beside it the tree, of which each file is read when it is asked
// for, for an overlay may refer to any folder of a repository whose other folders are huge. Kustomize asks for no more than
// the methods below; of the tree the others see nothing.
type source struct {
	filesys.FileSystem // the layer
	tree               fs.FS
	reading            *reading
}

// linksFollowed is how many symbolic links a path may have, as on Linux.
const linksFollowed = 40

// errOutside is told of a path that leaves the tree, be it by a symbolic link.
var errOutside = errors.New("lies outside of the source, of which alone an overlay may use files: take the folder above, which has both, as the source, and this one as the application's in it")

// CleanedAbs returns the folder and, of a file, the name, without symbolic links: kustomize compares folders to see what a
// kustomization may load.
func (s source) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	below, err := s.inTree(name)
	if err != nil {
		return "", "", err
	}
	if below == "" {
		return s.FileSystem.CleanedAbs(name)
	}
	real, info, err := s.stat(below)
	switch {
	case err != nil:
		return "", "", err
	case info.IsDir():
		return filesys.ConfirmedDir(path.Join("/", treeFolder, real)), "", nil
	}
	folder, file := path.Split(path.Join("/", treeFolder, real))
	return filesys.ConfirmedDir(path.Clean(folder)), file, nil
}

// ReadFile returns what a file holds, decrypted. Whatever else has a name, a pipe for example, might never end.
func (s source) ReadFile(name string) ([]byte, error) {
	below, err := s.inTree(name)
	if err != nil {
		return nil, err
	}
	if below == "" {
		content, err := s.FileSystem.ReadFile(name)
		s.reading.plain = append(s.reading.plain, content)
		return content, err
	}
	real, info, err := s.stat(below)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("'%s' is no file", below)
	}
	content, err := fs.ReadFile(s.tree, real)
	if err != nil {
		return nil, err
	}
	return s.read(real, content)
}

// inTree returns the path in the tree of what kustomize names; "" is what the layer has.
func (s source) inTree(name string) (string, error) {
	name = path.Join("/", name)
	switch first, below, _ := strings.Cut(name[1:], "/"); first {
	case layerFolder:
		return "", nil
	case treeFolder:
		return path.Clean(below), nil
	}
	return "", errOutside // name is not what the overlay says, which kustomize quotes
}

// stat follows symbolic links as far as they stay in the tree, and returns where they end and what is there. Git's own folder
// is not there for an overlay: a CI vendor keeps credentials in it.
func (s source) stat(name string) (string, fs.FileInfo, error) {
	at, left, links := ".", strings.Split(name, "/"), 0
	for {
		info, err := fs.Lstat(s.tree, at)
		switch {
		case errors.Is(err, fs.ErrNotExist) || path.Base(at) == ".git":
			return "", nil, absent(name)
		case err != nil:
			return "", nil, fmt.Errorf("'%s': %w", name, err)
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := fs.ReadLink(s.tree, at)
			if err != nil {
				return "", nil, fmt.Errorf("'%s': %w", name, err)
			}
			if links++; links > linksFollowed {
				return "", nil, fmt.Errorf("'%s' leads through too many symbolic links", name)
			}
			if path.IsAbs(target) {
				return "", nil, fmt.Errorf("'%s' %w", name, errOutside)
			}
			at, left = path.Dir(at), append(strings.Split(target, "/"), left...)
		case len(left) == 0:
			return at, info, nil
		}
		at, left = path.Join(at, left[0]), left[1:]
		if at == ".." || strings.HasPrefix(at, "../") {
			return "", nil, fmt.Errorf("'%s' %w", name, errOutside)
		}
	}
}

// absent is the error of what the tree does not have, in kustomize's words.
type absent string

func (a absent) Error() string { return "'" + string(a) + "' doesn't exist" }

// Is lets errors.Is find fs.ErrNotExist.
func (absent) Is(target error) bool { return target == fs.ErrNotExist }
