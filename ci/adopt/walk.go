package adopt

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/yaml"
)

// seen is what lies in a repository, in paths below its top.
type seen struct {
	dockerfiles    []string
	kustomizations map[string]kustomization // by folder
	manifests      map[string][]object      // by file
	unreadable     []string                 // files that should be YAML and are not
}

// kustomization is what counts of one.
type kustomization struct {
	Kind       string   `json:"kind"`
	Resources  []string `json:"resources"`
	Bases      []string `json:"bases"`
	Components []string `json:"components"`
}

// object is what counts of a Kubernetes object in a file.
type object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

// notLookedAt are folders in which nothing is the application's own.
var notLookedAt = []string{"node_modules", "vendor", "testdata", "third_party", "target", "dist", "bower_components"}

var (
	dockerfile = regexp.MustCompile(`^(Dockerfile|Containerfile)(\..+)?$|^.+\.(Dockerfile|dockerfile)$`)
	// What speaks of tests or development is not what is shipped.
	otherBuild = regexp.MustCompile(`(?i)(^|[._-])(test|tests|dev|debug|ci|local|e2e|windows)($|[._-])`)
	apiVersion = regexp.MustCompile(`^([a-z0-9.-]+/)?v\d+((alpha|beta)\d+)?$`)
)

// walk finds what lies below a folder of the tree.
func walk(tree fs.FS, folder string) (seen, error) {
	out := seen{kustomizations: map[string]kustomization{}, manifests: map[string][]object{}}
	err := fs.WalkDir(tree, folder, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != folder && isRepository(tree, name): // a submodule, whose files are another repository's
			return fs.SkipDir
		case entry.IsDir() && name != folder && (strings.HasPrefix(entry.Name(), ".") || slices.Contains(notLookedAt, entry.Name())):
			return fs.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular():
			return nil
		case dockerfile.MatchString(entry.Name()) && !strings.HasSuffix(entry.Name(), ".dockerignore"):
			if !otherBuild.MatchString(entry.Name()) {
				out.dockerfiles = append(out.dockerfiles, name)
			}
			return nil
		}
		return out.read(tree, name)
	})
	return out, err
}

func isRepository(tree fs.FS, folder string) bool {
	_, err := fs.Stat(tree, path.Join(folder, ".git"))
	return err == nil
}

// yamlLimit is the size, in bytes, above which a file is not taken for a manifest.
const yamlLimit = 1 << 20

// read takes a kustomization or a manifest in; what is neither is nothing.
func (s *seen) read(tree fs.FS, name string) error {
	base := path.Base(name)
	isKustomization := slices.Contains(konfig.RecognizedKustomizationFileNames(), base)
	if extension := path.Ext(name); !isKustomization && extension != ".yaml" && extension != ".yml" {
		return nil
	}
	if info, err := fs.Stat(tree, name); err != nil || info.Size() > yamlLimit {
		return err
	}
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	if isKustomization {
		var k kustomization
		if yaml.Unmarshal(content, &k) == nil {
			s.kustomizations[path.Dir(name)] = k
		}
		return nil
	}
	objects, err := objectsIn(content)
	if err != nil && !bytes.Contains(content, []byte("{{")) {
		s.unreadable = append(s.unreadable, name)
	}
	if len(objects) > 0 {
		s.manifests[name] = objects
	}
	return nil
}

// tools are groups of objects that a cluster has no kind for, or that other tools act on.
var tools = []string{"kustomize.config.k8s.io/", "skaffold/", "kind.x-k8s.io/", "k3d.io/", "argoproj.io/", "tekton.dev/", "helm.", "source.toolkit", "kubelet.config", "kubeadm.k8s.io"}

// objectsIn returns the Kubernetes objects of a file, none if it holds something else: a
// template of Helm is no YAML, the file of another tool has no name or no such version.
func objectsIn(content []byte) (out []object, err error) {
	for _, document := range bytes.Split(append([]byte("\n"), content...), []byte("\n---")) {
		var one object
		if err := yaml.Unmarshal(document, &one); err != nil {
			return nil, err
		}
		if one == (object{}) {
			continue
		}
		isTools := slices.ContainsFunc(tools, func(group string) bool { return strings.HasPrefix(one.APIVersion, group) })
		if isTools || one.Kind == "" || one.Metadata.Name == "" || !apiVersion.MatchString(one.APIVersion) {
			return nil, nil
		}
		out = append(out, one)
	}
	return out, nil
}
