package command

import (
	"context"
	"errors"

	"github.com/slipway-cd/slipway/ci/ago"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/status"
	"github.com/slipway-cd/slipway/ci/view"
)

type historyCommand struct {
	Since ago.Since `help:"Only what ended since then: a day, a time, or how long ago, as in 2026-01-31, 2026-01-31T08:00:00Z, 30d or 36h (default: all that is kept)." placeholder:"WHEN"`
	HTML  string    `name:"html" help:"Write a page with charts to a file, too." placeholder:"FILE"`
	JSON  bool      `name:"json" help:"Print it for programs, as --output json does."`
}

// Run prints what became of the deploys to production.
func (c *historyCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.modeOr(c.JSON)
	if err != nil {
		return err
	}
	each, err := f.each()
	if err != nil {
		return err
	}
	if c.HTML != "" && len(each) > 1 {
		return exit.Usagef("--html: a page is of one environment: give --environment")
	}
	all := make([]status.Deploys, len(each))
	for i, f := range each {
		in, err := f.connect(ctx, ofProduction)
		if err != nil {
			return err
		}
		if all[i], err = status.DeploysOf(ctx, in.production, f.Namespace, f.source().Graph, c.Since.From); err != nil && (len(each) == 1 || !errors.Is(err, status.ErrNothing)) {
			return err
		}
		all[i].Environment = f.at
	}
	if c.HTML != "" {
		if err := view.WriteHistory(c.HTML, all[0]); err != nil {
			return exit.Usagef("--html: %w", err)
		}
	}
	return view.PrintHistory(all, mode, f.host.screen())
}

// modeOr is what --output says, unless a command's own flag asks for JSON.
func (f *flags) modeOr(json bool) (report.Mode, error) {
	mode, err := f.mode()
	if json && err == nil {
		mode = report.JSON
	}
	return mode, err
}

// person is who works on this machine, as git calls them; a job of a CI vendor is nobody's.
func (f *flags) person(ctx context.Context, vendor string) string {
	if vendor != "" {
		return ""
	}
	who, err := git.Run(ctx, f.root, "config", "user.name")
	if err != nil {
		return "" // nobody said
	}
	return who
}
