// Package adopt looks at a repository that was not made for Slipway and composes the files
// that it lacks to be shipped. It reads files and renders overlays, and writes nothing.
package adopt

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// Repository is what is looked at.
type Repository struct {
	Tree   fs.FS  // all of it
	Folder string // the application's, below the top
	Name   string // that the application gets if nothing says another
	// Beta and Production are where its overlays are, or are to be, below Folder.
	Beta, Production string
}

// Plan is what a repository lacks, and why it is taken to be that.
type Plan struct {
	Overlays int // how many overlays of environments are missing, which Decide tells
	Name     string
	Files    []File   // to be written, in their order; none of them is there
	Found    []string // what the repository has
	Assumed  []string // what was concluded from it
	Decide   []string // what a person must look at
}

// File is one that is missing; its path is below the repository's top.
type File struct {
	Path    string
	Content string
}

// Look returns what the repository lacks. A repository without a Dockerfile, or without
// anything that Kubernetes could run, is an error that says what it lacks.
func Look(r Repository) (Plan, error) {
	seen, err := walk(r.Tree, r.Folder)
	if err != nil {
		return Plan{}, err
	}
	if len(seen.dockerfiles) == 0 {
		return Plan{}, errors.New("it has no Dockerfile: write one that builds the application's image")
	}
	look := &look{Repository: r, seen: seen, plan: Plan{Name: r.Name}}
	described, err := look.described()
	if err != nil {
		return Plan{}, err
	}
	if err := look.overlays(); err != nil {
		return Plan{}, err
	}
	if _, err := manifest.Render(look.tree(), path.Join(r.Folder, look.Beta), manifest.Layer{Closed: true}); err != nil {
		return Plan{}, err
	}
	objects, err := manifest.Render(look.tree(), path.Join(r.Folder, look.Production), manifest.Layer{Closed: true})
	if err != nil {
		return Plan{}, err
	}
	look.found(objects)
	look.elsewhere(objects)
	if !described {
		look.describe(objects)
	}
	return look.plan, nil
}

// look is one look under way.
type look struct {
	Repository
	seen  seen
	plan  Plan
	whole string // a kustomization below which the overlays would lie, and which is both of them therefore
}

// tree is the repository with the files that are to be written.
func (l *look) tree() fs.FS {
	added := map[string]string{}
	for _, file := range l.plan.Files {
		added[file.Path] = file.Content
	}
	return withFiles{l.Tree, added}
}

func (l *look) add(name, content string) {
	l.plan.Files = append(l.plan.Files, File{path.Join(l.Folder, name), content})
}

// within is a folder below the application's own, "" for that itself.
func (l *look) within(folder string) string {
	switch l.Folder {
	case folder:
		return ""
	case ".":
		return folder
	}
	return strings.TrimPrefix(folder, l.Folder+"/")
}

func (l *look) assume(format string, args ...any) {
	l.plan.Assumed = append(l.plan.Assumed, fmt.Sprintf(format, args...))
}

func (l *look) decide(format string, args ...any) {
	l.plan.Decide = append(l.plan.Decide, fmt.Sprintf(format, args...))
}

// described reports whether the repository describes its application already.
func (l *look) described() (bool, error) {
	content, err := fs.ReadFile(l.Tree, path.Join(l.Folder, description.File))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	app, err := description.Parse(content)
	if err != nil {
		return false, fmt.Errorf("%s: %w", description.File, err)
	}
	l.plan.Name = app.Name
	l.Beta, l.Production = cmp.Or(app.Overlays.Beta, l.Beta), cmp.Or(app.Overlays.Production, l.Production)
	return true, nil
}

// found lists what is there.
func (l *look) found(objects []*unstructured.Unstructured) {
	l.plan.Found = append(l.plan.Found, l.seen.dockerfiles...)
	var kinds []string
	for _, object := range objects {
		kinds = append(kinds, object.GetKind()+" "+object.GetName())
	}
	slices.Sort(kinds)
	l.plan.Found = append(l.plan.Found, kinds...)
	for _, name := range manifest.ImagesOf(objects) {
		l.plan.Found = append(l.plan.Found, "image "+name)
	}
}

// elsewhere tells of namespaces that the manifests name: Slipway's are others.
func (l *look) elsewhere(objects []*unstructured.Unstructured) {
	for _, object := range objects {
		if in := object.GetNamespace(); in != "" && in != l.plan.Name {
			l.decide("the manifests are for namespace %s, and production is deployed to %s: give --namespace %[1]s to keep theirs", in, l.plan.Name)
			return
		}
	}
}

// relative is the path from one folder of the repository to another.
func relative(from, to string) string {
	up := strings.Repeat("../", strings.Count(path.Clean(from), "/")+1)
	return path.Join(up, to)
}
