package adopt

import (
	"errors"
	"io/fs"

	"github.com/slipway-cd/slipway/ci/description"
)

// LookForOverlays adds to the plan which environments of a description that is there have no overlay: only somebody who knows how they
// differ can write it.
func (p *Plan) LookForOverlays(tree fs.FS, folder string) error {
	app, err := description.Read(tree, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there are none described
	}
	if err == nil {
		app, err = app.Resolve(tree, folder)
	}
	if err != nil {
		return err
	}
	for _, e := range app.Environments {
		if _, err := fs.Stat(tree, e.Overlay); err != nil {
			p.Overlays++
			p.Decide = append(p.Decide, "environment "+e.Name+" has no overlay "+e.Overlay+": write a kustomization with what differs there: hosts, node ports, sizes")
		}
	}
	return nil
}
