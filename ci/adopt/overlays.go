package adopt

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// Names that folders of kustomizations have for production, and for what comes before it.
var (
	productionNames = []string{"production", "prod", "live", "release"}
	betaNames       = []string{"beta", "staging", "stage", "preview", "qa", "test", "dev", "development"}
	baseNames       = []string{"base", "default", "common"}
)

// overlays composes those of beta and production that are missing, over what is there.
func (l *look) overlays() error {
	missing := map[string]bool{}
	for _, overlay := range []string{l.Beta, l.Production} {
		if _, err := fs.Stat(l.Tree, path.Join(l.Folder, overlay)); err != nil {
			missing[overlay] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	production, beta, err := l.below()
	if err != nil {
		return err
	}
	if l.holdsOverlays(production) {
		// kustomize lets no overlay use a folder that it lies in.
		l.whole = cmp.Or(l.within(production), ".")
		l.Beta, l.Production = l.whole, l.whole
		l.assume("beta and production are both what %s has", production)
		return nil
	}
	if l.holdsOverlays(beta) {
		beta = production
	}
	for _, o := range []struct{ overlay, below, what string }{{l.Beta, beta, "a beta"}, {l.Production, production, "production"}} {
		if !missing[o.overlay] {
			continue
		}
		objects, err := manifest.Render(l.tree(), o.below, manifest.Layer{Closed: true})
		if err != nil {
			return err
		}
		l.assume("%s is what %s has", o.what, o.below)
		at := path.Join(l.Folder, o.overlay)
		l.add(path.Join(o.overlay, "kustomization.yaml"), l.overlay(o.what, relative(at, o.below), objects))
	}
	return nil
}

// holdsOverlays reports whether the overlays would lie below a folder.
func (l *look) holdsOverlays(folder string) bool {
	return folder == "." || strings.HasPrefix(path.Join(l.Folder, l.Production)+"/", folder+"/")
}

// below returns the kustomizations that the overlays are put over. Where there are only
// manifests, it composes one for them.
func (l *look) below() (production, beta string, err error) {
	var whole []string // kustomizations that are no component and stand for themselves
	for folder, k := range l.seen.kustomizations {
		if k.Kind != "Component" && folder != path.Join(l.Folder, l.Beta) && folder != path.Join(l.Folder, l.Production) {
			whole = append(whole, folder)
		}
	}
	slices.SortFunc(whole, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(a, b))
	})
	if len(whole) == 0 {
		folder, err := l.overManifests()
		return folder, folder, err
	}
	production = named(whole, productionNames, baseNames)
	if production == "" {
		production = l.entry(whole)
	}
	return production, cmp.Or(named(whole, betaNames), production), nil
}

// named returns the first folder that has one of the names, in their order.
func named(folders []string, lists ...[]string) string {
	for _, names := range lists {
		for _, name := range names {
			for _, folder := range folders {
				if path.Base(folder) == name {
					return folder
				}
			}
		}
	}
	return ""
}

// entry is the kustomization nearest to the top that no other one uses.
func (l *look) entry(folders []string) string {
	used := map[string]bool{}
	for folder, k := range l.seen.kustomizations {
		for _, to := range slices.Concat(k.Resources, k.Bases, k.Components) {
			used[path.Join(folder, to)] = true
		}
	}
	for _, folder := range folders {
		if !used[folder] {
			return folder
		}
	}
	return folders[0]
}

// workloads are the kinds that make pods.
var workloads = []string{"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"}

// overManifests composes a kustomization in the folder of plain manifests that is nearest
// to the top and holds a workload.
func (l *look) overManifests() (string, error) {
	byFolder := map[string][]string{}
	runs := map[string]bool{}
	for file, objects := range l.seen.manifests {
		folder := path.Dir(file)
		byFolder[folder] = append(byFolder[folder], path.Base(file))
		runs[folder] = runs[folder] || slices.ContainsFunc(objects, func(o object) bool { return slices.Contains(workloads, o.Kind) })
	}
	folders := slices.SortedFunc(maps.Keys(byFolder), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), -cmp.Compare(len(byFolder[a]), len(byFolder[b])), cmp.Compare(a, b))
	})
	for _, folder := range folders {
		if !runs[folder] {
			continue
		}
		for _, file := range l.seen.unreadable {
			if path.Dir(file) == folder {
				l.decide("%s cannot be read as YAML and is left out", file)
			}
		}
		files := byFolder[folder]
		slices.Sort(files)
		var text strings.Builder
		fmt.Fprintf(&text, "# The manifests of this folder, for the overlays.\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
		for _, file := range files {
			fmt.Fprintf(&text, "- %s\n", file)
		}
		l.add(path.Join(l.within(folder), "kustomization.yaml"), text.String())
		if l.holdsOverlays(folder) { // it will be the overlays itself
			objects, err := manifest.Render(l.tree(), folder, manifest.Layer{Closed: true})
			if err != nil {
				return "", err
			}
			text.WriteString(l.leftOut(objects))
			l.plan.Files[len(l.plan.Files)-1].Content = text.String()
		}
		return folder, nil
	}
	return "", fmt.Errorf("it has neither a kustomization nor manifests with a %s or the like: write what Kubernetes is to run", workloads[0])
}

// overlay is a kustomization over another one.
func (l *look) overlay(what, below string, objects []*unstructured.Unstructured) string {
	return fmt.Sprintf("# %s: the same, until it is to differ.\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- %s\n", capital(what), below) + l.leftOut(objects)
}

// leftOut are patches that take away what the pipeline's account has no right to: of the
// whole cluster, or giving rights or limits. An administrator applies that once.
func (l *look) leftOut(objects []*unstructured.Unstructured) string {
	var text strings.Builder
	var left []string
	for _, o := range objects {
		if !administrators(o) {
			continue
		}
		if text.Len() == 0 {
			text.WriteString("patches: # an administrator's: bootstrap makes the namespaces, and the pipeline's account may not write the rest\n")
		}
		fmt.Fprintf(&text, "- patch: |-\n    $patch: delete\n    apiVersion: %s\n    kind: %s\n    metadata:\n      name: %s\n", o.GetAPIVersion(), o.GetKind(), o.GetName())
		if o.GetKind() != "Namespace" {
			left = append(left, o.GetKind()+" "+o.GetName())
		}
	}
	if note := strings.Join(left, ", ") + ": the pipeline may not write it, so that an administrator must apply it once"; len(left) > 0 && !slices.Contains(l.plan.Decide, note) {
		l.decide("%s", note)
	}
	return text.String()
}

// administrators reports whether an object is not the pipeline's to write.
func administrators(o *unstructured.Unstructured) bool {
	if slices.Contains([]string{"Role", "RoleBinding", "ResourceQuota", "LimitRange"}, o.GetKind()) {
		return true
	}
	namespaced, known := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: o.GetAPIVersion(), Kind: o.GetKind()})
	return known && !namespaced
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
