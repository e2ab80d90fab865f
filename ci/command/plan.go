package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

type planCommand struct{}

// Run prints what a deploy would change and ends with exit code 4 if anything.
func (c *planCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := report.ParseMode(f.Output)
	if err != nil {
		return pipeline.Usage("--output: %w", err)
	}
	plan, err := f.plan(ctx)
	if err != nil {
		return err
	}
	print := printPlan
	if mode == report.JSON {
		print = printJSON
	}
	if err := print(f.host.screen().Out, plan); err != nil {
		return err
	}
	if len(plan.Changed()) > 0 {
		return Ended{Code: pipeline.ExitChanges}
	}
	return nil
}

func (f *flags) plan(ctx context.Context) (pipeline.Plan, error) {
	opts, err := f.options(ctx)
	if err != nil {
		return pipeline.Plan{}, err
	}
	at, err := f.target(ctx)
	if err != nil {
		return pipeline.Plan{}, err
	}
	opts.Image = at.image
	env := pipeline.Environment{Registry: f.registry(at)}
	if env.Tree, err = f.tree(); err != nil {
		return pipeline.Plan{}, err
	}
	if env.Cluster, err = at.connect(ctx); err != nil {
		return pipeline.Plan{}, err
	}
	run, err := pipeline.New(f.app, opts, env)
	if err != nil {
		return pipeline.Plan{}, err
	}
	return run.Plan(ctx)
}

func printPlan(to io.Writer, plan pipeline.Plan) error {
	count := map[cluster.Action]int{}
	for _, change := range plan.Changes {
		count[change.Action]++
	}
	for _, change := range plan.Changed() {
		if _, err := fmt.Fprintf(to, "%-10s %s %s/%s\n", change.Action, change.Kind, change.Namespace, change.Name); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(to, "version %s, %s: %d to create, %d to configure, %d unchanged\n", plan.Version, plan.Digest,
		count[cluster.Created], count[cluster.Configured], count[cluster.Unchanged])
	return err
}

// printJSON writes what a program reads.
func printJSON[T any](to io.Writer, value T) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
