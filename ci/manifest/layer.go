package manifest

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"
)

// Image replaces an image name in the overlay by an image with its digest.
type Image struct {
	Name       string // as in the overlay's containers, without tag
	Repository string // for example registry.example.com/team/app
	Digest     string // sha256:...
}

// Layer is what a run adds on top of an overlay, in memory. The zero Layer adds nothing.
type Layer struct {
	Namespace      string            // set on every namespaced object; renames Namespace objects
	NameSuffix     string            // "-RUN" for a beta, empty for production
	Labels         map[string]string // metadata only, of every object: in a pod template they would restart pods that did not change
	SelectorLabels map[string]string // metadata, pod templates and selectors
	Images         []Image           // each must be used by a container of the overlay
	Components     []string          // folders in the tree, applied in this order
	Values         map[string]string // data of the local ConfigMap slipway-run, for the replacements of Components
	Closed         bool              // leave encrypted what SOPS encrypted, for objects that are only looked at: no key is needed
}

// valuesName names the ConfigMap that holds Layer.Values while kustomize runs.
const valuesName = "slipway-run"

// The grammar of the distribution reference package, without tag and digest.
var (
	repositoryPattern = regexp.MustCompile(`^[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$`)
	digestPattern     = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)
)

// check returns an error that names the first field with a value that is invalid in any cluster or registry.
func (l Layer) check() error {
	if l.Namespace != "" && len(validation.IsDNS1123Label(l.Namespace)) > 0 {
		return fmt.Errorf("namespace %q: want lower case letters, digits and dashes, at most 63", l.Namespace)
	}
	// "x" and the suffix must be a name: a suffix may start with a dash, a name may not.
	if l.NameSuffix != "" && len(validation.IsDNS1123Label("x"+l.NameSuffix)) > 0 {
		return fmt.Errorf("name suffix %q: want lower case letters, digits and dashes, at most 62", l.NameSuffix)
	}
	for _, labels := range []map[string]string{l.Labels, l.SelectorLabels} {
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			if len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(labels[key])) > 0 {
				return fmt.Errorf("label %s=%q: not a label (letters, digits, '-', '_', '.', at most 63)", key, labels[key])
			}
		}
	}
	for _, image := range l.Images {
		if err := image.check(); err != nil {
			return err
		}
	}
	return nil
}

func (i Image) check() error {
	switch {
	case !repositoryPattern.MatchString(i.Name):
		return fmt.Errorf("image %q: want the image name in the overlay, without tag", i.Name)
	case !repositoryPattern.MatchString(i.Repository):
		return fmt.Errorf("image %s: repository %q: want HOST/PATH, without tag or digest", i.Name, i.Repository)
	case !digestPattern.MatchString(i.Digest):
		return fmt.Errorf("image %s: digest %q: want sha256: and 64 hexadecimal digits", i.Name, i.Digest)
	}
	return nil
}

func (i Image) reference() string { return i.Repository + "@" + i.Digest }

// files returns the layer as the files of a folder: a kustomization on top of the overlay in ../tree and, if there are values,
// the local ConfigMap.
func (l Layer) files(overlay string) (map[string][]byte, error) {
	files := map[string][]byte{}
	kustomization := types.Kustomization{
		TypeMeta:   types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources:  []string{path.Join("..", treeFolder, overlay)},
		Namespace:  l.Namespace,
		NameSuffix: l.NameSuffix,
		Labels:     l.selectorLabels(),
	}
	for _, component := range l.Components {
		kustomization.Components = append(kustomization.Components, path.Join("..", treeFolder, component))
	}
	for _, image := range l.Images {
		kustomization.Images = append(kustomization.Images, types.Image{Name: regexp.QuoteMeta(image.Name), NewName: image.Repository, Digest: image.Digest})
	}
	if len(l.Values) > 0 {
		values, err := valuesFile(l.Values)
		if err != nil {
			return nil, err
		}
		files["values.yaml"] = values
		kustomization.Resources = append(kustomization.Resources, "values.yaml")
	}
	content, err := yaml.Marshal(kustomization)
	if err != nil {
		return nil, fmt.Errorf("write kustomization: %w", err)
	}
	files["kustomization.yaml"] = content
	return files, nil
}

func (l Layer) selectorLabels() []types.Label {
	if len(l.SelectorLabels) == 0 {
		return nil
	}
	return []types.Label{
		{Pairs: l.SelectorLabels, IncludeSelectors: true, IncludeTemplates: true},
		// Kustomize leaves an empty selector empty, which would select the pods of other runs in the same namespace.
		{Pairs: l.SelectorLabels, FieldSpecs: []types.FieldSpec{
			{Gvk: resid.Gvk{Group: "networking.k8s.io", Kind: "NetworkPolicy"}, Path: "spec/podSelector/matchLabels", CreateIfNotPresent: true},
			{Gvk: resid.Gvk{Group: "policy", Kind: "PodDisruptionBudget"}, Path: "spec/selector/matchLabels", CreateIfNotPresent: true},
		}},
	}
}

// label sets the labels of the objects' metadata. Kustomize is not asked to: where an overlay has set the same label in
// metadata, selectors and pod templates, it keeps one value for all of them, and would change it in each.
func (l Layer) label(objects []*unstructured.Unstructured) {
	if len(l.Labels) == 0 {
		return
	}
	for _, object := range objects {
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, l.Labels)
		object.SetLabels(labels)
	}
}

// valuesFile returns the ConfigMap slipway-run. The annotation keeps it out of the output:
// https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/config-io.md
func valuesFile(values map[string]string) ([]byte, error) {
	content, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata": map[string]any{
			"name":        valuesName,
			"annotations": map[string]string{"config.kubernetes.io/local-config": "true"},
		},
		"data": values,
	})
	if err != nil {
		return nil, fmt.Errorf("write ConfigMap %s: %w", valuesName, err)
	}
	return content, nil
}
