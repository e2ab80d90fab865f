package command

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/trace"
)

// metrics returns what measures the run. It is nil where that cannot be: the run goes on
// without.
func (f *flags) metrics(ctx context.Context, opts pipeline.Options) *trace.Metrics {
	metrics, err := trace.NewMetrics(ctx, f.origin(ctx, opts))
	if err != nil {
		fmt.Fprintln(os.Stderr, "slipway:", err)
	}
	return metrics
}

// export sends traces and metrics to their collectors, side by side: one that does not
// answer costs its time once.
func export(env pipeline.Environment) []error {
	errs := make([]error, 2)
	var sending sync.WaitGroup
	sending.Go(func() { errs[0] = env.Tracer.Close() })
	sending.Go(func() { errs[1] = env.Metrics.Close() })
	sending.Wait()
	return errs
}
