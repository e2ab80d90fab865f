package manifest

import (
	"fmt"
	"path"
	"regexp"

	"sigs.k8s.io/yaml"
)

// elsewhere matches all that kustomize takes for a repository. It tries an address of a file likewise, as soon as no file
// comes from there, and runs git.
var elsewhere = regexp.MustCompile(`(?i)^(?:git::|(?:ssh|file|https?)://|github\.com[:/]|[^/\s]*@)`)

// refuseRemote refuses a kustomization with bases that are not in the tree. Each would be fetched anew whenever a run renders,
// so that a commit would not always mean the same.
func (s source) refuseRemote(folder string, kustomization []byte) error {
	var lists struct{ Resources, Bases, Components, Generators, Transformers, Validators []string }
	if yaml.Unmarshal(kustomization, &lists) != nil {
		return nil // kustomize tells what is wrong
	}
	for _, list := range [][]string{lists.Resources, lists.Bases, lists.Components, lists.Generators, lists.Transformers, lists.Validators} {
		for _, entry := range list {
			if !elsewhere.MatchString(entry) {
				continue
			}
			if _, _, err := s.stat(path.Join(folder, entry)); err == nil {
				continue // a folder with such a name
			}
			at := ""
			if folder != s.reading.overlay {
				at = folder + ": "
			}
			return fmt.Errorf("%s%s: is not in the repository, and nothing else is rendered, so that a commit always means the same: copy the file, "+
				"or the repository by `git subtree add`, and list the copy", at, entry)
		}
	}
	return nil
}
