package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-cd/slipway/ci/report"
)

const repeats = 3 // of what is quick; the median counts

// runs measures a run with everything changed, with nothing changed, and the
// latter by hand.
func (b *bench) runs(ctx context.Context) error {
	if err := b.copySource(ctx); err != nil {
		return err
	}
	if _, _, err := b.pipeline(ctx); err != nil { // what is not under test is cached
		return err
	}
	if err := b.change(ctx); err != nil {
		return err
	}
	changed, _, err := b.pipeline(ctx)
	if err != nil {
		return err
	}
	b.figures.set("run.changed_s", changed.Seconds)
	b.figures.set("run.changed.evidence_s", changed.Evidence.Seconds)
	var totals, overheads, peaks []float64
	var last report.Report
	for range repeats {
		done, peak, err := b.pipeline(ctx)
		if err != nil {
			return err
		}
		totals, peaks, last = append(totals, done.Seconds), append(peaks, peak), done
		overheads = append(overheads, done.Seconds-done.EngineSeconds-done.WaitSeconds)
	}
	b.figures.set("run.unchanged_s", median(totals))
	for _, stage := range last.Stages {
		b.figures.set("run.unchanged."+stage.Name+"_s", stage.Seconds)
	}
	b.figures.set("run.overhead_s", median(overheads))
	b.figures.set("run.evidence_s", last.Evidence.Seconds)
	b.figures.set("run.peak_rss_mb", median(peaks))
	return b.hand(ctx)
}

// pipeline runs the program on the copy and reads its report.
func (b *bench) pipeline(ctx context.Context) (report.Report, float64, error) {
	folder, err := os.MkdirTemp(filepath.Dir(b.source), "report-")
	if err != nil {
		return report.Report{}, 0, err
	}
	cmd := command(ctx, b.ci, "--source", b.source, "--report", folder, "--output", "plain")
	if out, err := cmd.Output(); err != nil {
		return report.Report{}, 0, fmt.Errorf("run the pipeline: %w\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		return report.Report{}, 0, err
	}
	var done report.Report
	return done, peakMB(cmd), json.Unmarshal(text, &done)
}

// copySource makes a repository of the application's tracked files.
func (b *bench) copySource(ctx context.Context) error {
	if err := command(ctx, "git", "clone", "--quiet", ".", b.source).Run(); err != nil {
		return err
	}
	// A history of its own: else what is deployed last is newer than this checkout,
	// whose own runs would end as superseded.
	if err := b.git(ctx, "checkout", "--quiet", "--orphan", "bench"); err != nil {
		return err
	}
	if err := b.git(ctx, "config", "user.email", "bench@example.com"); err != nil {
		return err
	}
	return b.git(ctx, "commit", "--quiet", "--message", "bench: start")
}

// change touches the program, so that everything is compiled, tested and rolled out again.
func (b *bench) change(ctx context.Context) error {
	main := filepath.Join(b.source, "main.go")
	text, err := os.ReadFile(main)
	if err != nil {
		return err
	}
	text = fmt.Appendf(text, "\n// benchmarked says that this copy is one.\nfunc benchmarked() int { return %d }\n\nvar _ = benchmarked\n", os.Getpid())
	if err := os.WriteFile(main, text, 0o644); err != nil {
		return err
	}
	return b.git(ctx, "commit", "--quiet", "--all", "--message", "main: change", "--author", "bench <bench@example.com>")
}

func (b *bench) git(ctx context.Context, args ...string) error {
	cmd := command(ctx, "git", append([]string{"-C", b.source, "-c", "user.name=bench"}, args...)...)
	return cmd.Run()
}
