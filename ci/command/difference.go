package command

import (
	"context"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/difference"
	"github.com/slipway-cd/slipway/ci/view"
)

type diffCommand struct {
	From string `arg:"" name:"v1" help:"The version to begin with, of those that history shows."`
	To   string `arg:"" name:"v2" help:"The version to end with."`
	JSON bool   `name:"json" help:"Print it for programs, as --output json does."`
}

// Run prints what changed between two releases.
func (c *diffCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.modeOr(c.JSON)
	if err != nil {
		return err
	}
	if f, err = f.one(); err != nil {
		return err
	}
	sigstore, err := f.sigstore(ctx)
	if err != nil {
		return err
	}
	at, err := f.target(ctx, ofProduction)
	if err != nil {
		return err
	}
	images, err := artifact.Of(f.app, at.image)
	if err != nil {
		return err
	}
	in, err := at.connect(ctx)
	if err != nil {
		return err
	}
	found, err := difference.Compare(ctx, difference.Sources{Namespace: f.Namespace, Images: images, Production: in.production,
		Registry: f.registry(at), Sigstore: sigstore, Git: f.source().Between}, c.From, c.To)
	if err != nil {
		return err
	}
	return view.PrintDifference(found, mode, f.host.screen())
}
