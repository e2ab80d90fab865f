// Package manifest turns a Kustomize overlay and what a run adds to it into objects. It works in memory and knows no cluster.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// For kustomize the tree and the layer lie side by side, so that the layer can never shadow a folder of the tree.
const (
	treeFolder  = "tree"
	layerFolder = "layer"
)

// kustomize keeps its OpenAPI schema in a package variable that every Run sets.
var kustomizing sync.Mutex

// Render returns the objects of the overlay, a folder in tree, with layer on top, in kustomize's order. Each has an
// apiVersion, a kind and a name. Overlays may refer to all that is in tree, and symbolic links are followed as far as they
// stay there; as with kubectl, a kustomization loads files from its own folder alone, and others' folders as a whole. A tree
// that is a Decrypter may hold files that SOPS encrypted. No program is run. Errors are one line and name the overlay.
func Render(tree fs.FS, overlay string, layer Layer) ([]*unstructured.Unstructured, error) {
	overlay = path.Clean(overlay)
	objects, err := render(tree, overlay, layer)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", overlay, oneLine(err, overlay))
	}
	return objects, nil
}

func render(tree fs.FS, overlay string, layer Layer) ([]*unstructured.Unstructured, error) {
	if err := layer.check(); err != nil {
		return nil, err
	}
	objects, err := kustomize(tree, overlay, layer)
	if err != nil {
		return nil, err
	}
	if named, longer := asNamed(objects, layer.Images); longer {
		layer.Images = named
		if objects, err = kustomize(tree, overlay, layer); err != nil {
			return nil, err
		}
	}
	followRoutes(objects, layer)
	layer.label(objects)
	leaveForeignPods(objects, layer.SelectorLabels)
	if err := usesImages(objects, layer.Images); err != nil {
		return nil, err
	}
	return objects, nil
}

// kustomize builds the layer on top of the overlay.
func kustomize(tree fs.FS, overlay string, layer Layer) ([]*unstructured.Unstructured, error) {
	from := source{filesys.MakeFsInMemory(), tree, &reading{overlay: overlay, closed: layer.Closed}}
	for i, folder := range append([]string{overlay}, layer.Components...) {
		if err := from.findKustomization(folder, i > 0); err != nil {
			return nil, err
		}
	}
	files, err := layer.files(overlay)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		if err := from.WriteFile(path.Join(layerFolder, name), content); err != nil {
			return nil, err
		}
	}
	kustomizing.Lock()
	defer kustomizing.Unlock()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(from, layerFolder)
	if from.reading.refused != nil {
		return nil, from.reading.refused
	}
	if err != nil {
		return nil, from.reading.mask(err)
	}
	objects, err := toUnstructured(resources)
	if err != nil {
		return nil, from.reading.mask(err)
	}
	return objects, from.reading.check(objects)
}

// findKustomization tells a folder that is not there from one without a kustomization file, before kustomize does in many
// more words.
func (s source) findKustomization(folder string, component bool) error {
	what := "the overlay's folder"
	if component {
		what = "component " + folder
	}
	if !fs.ValidPath(folder) {
		return fmt.Errorf("%s must be a path below the source: no leading slash, no parent folder", what)
	}
	_, info, err := s.stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist", what)
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case !info.IsDir():
		return fmt.Errorf("%s is a file", what)
	}
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if _, _, err := s.stat(path.Join(folder, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s has no kustomization.yaml", what)
}

// toUnstructured goes through JSON, since numbers of an unstructured object are int64 and float64 and kustomize's are int.
func toUnstructured(resources resmap.ResMap) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, resource := range resources.Resources() {
		content, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", resource.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("%s: %w", resource.CurId(), err)
		}
		if object.GetAPIVersion() == "" || object.GetName() == "" { // kustomize lets the first pass
			return nil, fmt.Errorf("%s %s: want apiVersion and metadata.name", object.GetKind(), object.GetName())
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// YAML returns the objects as one stream of YAML documents, in their order. Data of Secrets is in it.
func YAML(objects []*unstructured.Unstructured) ([]byte, error) {
	var documents [][]byte
	for _, object := range objects {
		document, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		documents = append(documents, document)
	}
	return bytes.Join(documents, []byte("---\n")), nil
}
