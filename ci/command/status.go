package command

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

type statusCommand struct{}

// Run prints what runs where.
func (c *statusCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := report.ParseMode(f.Output)
	if err != nil {
		return pipeline.Usage("--output: %w", err)
	}
	in, err := f.connect(ctx, ofBoth)
	if err != nil {
		return err
	}
	status, err := pipeline.StatusOf(ctx, in.production, in.build, f.Namespace, f.BuildNamespace)
	if err != nil {
		return err
	}
	tree, err := f.tree()
	if err != nil {
		return err
	}
	status.FindMakers(ctx, in.production, f.app, tree, f.ProductionOverlay)
	return tell(mode, f.host.screen(), status, func(screen report.Screen) string { return statusText(status, screen, status.Time) })
}

// statusText returns the status for people: what matters most in words, and what to
// do about it, then tables.
func statusText(s pipeline.Status, screen report.Screen, now time.Time) string {
	say := statusWords{s, screen, now}
	parts := []string{say.production(), say.change(), say.left(), say.broken(), say.runs(), say.stale(), say.tables()}
	var out []string
	for _, part := range parts {
		if part != "" {
			out = append(out, part)
		}
	}
	return strings.Join(out, "\n")
}
