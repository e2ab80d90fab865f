package adopt

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/slipway-cd/slipway/ci/description"
)

// LookForOverlays adds to the plan which environments of a description that is there have no overlay: only somebody who knows how they
// differ can write it.
func (p *Plan) LookForOverlays(tree fs.FS, folder string) error {
	file := path.Join(folder, description.File)
	content, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil // there are none described
	}
	app, err := description.Parse(content)
	if err == nil {
		app, err = app.Resolve(tree, folder)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, e := range app.Environments {
		if _, err := fs.Stat(tree, e.Overlay); err != nil {
			p.Overlays++
			p.Decide = append(p.Decide, "environment "+e.Name+" has no overlay "+e.Overlay+": write a kustomization with what differs there: hosts, node ports, sizes")
		}
	}
	return nil
}
