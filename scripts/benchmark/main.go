// Command benchmark measures the sandbox, a run of the pipeline, a deploy of
// many objects and many betas at once on this machine, side by side with the same job done
// by hand where that can be, and prints a table.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
)

// figures are the flat keys of interface.md, in the order they were measured.
type figures struct {
	keys   []string
	values map[string]float64
}

func (f *figures) set(key string, value float64) {
	if _, known := f.values[key]; !known {
		f.keys = append(f.keys, key)
	}
	f.values[key] = value
}

type options struct {
	What    string `arg:"" optional:"" enum:"sandbox,run,deploy,scale," default:"" help:"sandbox, run, deploy or scale; all if not given."`
	JSON    string `name:"json" help:"Write the figures to this file, too." placeholder:"FILE"`
	Verbose bool   `help:"Also print which requests a deploy makes."`
}

func main() {
	var opts options
	kong.Parse(&opts, kong.Name("scripts/bench"), kong.Description("Measures on this machine, beside doing it by hand."))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends this program at once
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts options) error {
	f := &figures{values: map[string]float64{}}
	folder, err := os.MkdirTemp("", "slipway-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b := &bench{folder: folder, ci: filepath.Join(folder, "ci"), source: filepath.Join(folder, "source"), figures: f}
	if opts.What != "deploy" && opts.What != "scale" {
		if err := command(ctx, "go", "build", "-o", b.ci, "./ci").Run(); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name    string
		measure func(ctx context.Context) error
	}{{"sandbox", b.sandbox}, {"run", b.runs}, {"deploy", func(ctx context.Context) error { return b.deploy(ctx, opts.Verbose) }}, {"scale", b.scale}} {
		if opts.What != "" && opts.What != part.name {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return err
		}
	}
	f.print()
	if opts.JSON == "" {
		return nil
	}
	text, err := json.MarshalIndent(f.values, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(opts.JSON, append(text, '\n'), 0o644)
}

// print has a line for each figure; kubectl's stand beside ours.
func (f *figures) print() {
	table := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
	for _, key := range f.keys {
		if strings.HasPrefix(key, "kubectl.") {
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f", key, f.values[key])
		if other, ok := f.values["kubectl."+strings.TrimPrefix(key, "deploy.")]; ok {
			fmt.Fprintf(table, "\tkubectl %.2f", other)
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush()
}

// bench holds what the measurements share.
type bench struct {
	folder  string // goes away at the end
	ci      string // the program
	source  string // a copy of the application with a history of its own
	figures *figures
}

// sandbox measures the way from built images to a ready, empty sandbox.
func (b *bench) sandbox(ctx context.Context) error {
	for _, action := range []string{"up", "reset"} { // up first, so that everything is built
		if _, err := timed(command(ctx, b.ci, "sandbox", action)); err != nil {
			return err
		}
	}
	seconds, err := timed(command(ctx, b.ci, "sandbox", "up"))
	b.figures.set("sandbox.up_s", seconds)
	if err != nil {
		return err
	}
	seconds, err = timed(command(ctx, b.ci, "sandbox", "up"))
	b.figures.set("sandbox.up_again_s", seconds)
	return err
}

// command is one that shows its errors only. It gets one SIGINT, with all that it
// has started, when ctx ends, and is waited for: a run of the pipeline then undoes
// what it did. In the terminal's group it would get a second one, and give up.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	return cmd
}

func timed(cmd *exec.Cmd) (float64, error) {
	start := time.Now()
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return time.Since(start).Seconds(), err
}

// peakMB is the largest memory that an ended process had.
func peakMB(cmd *exec.Cmd) float64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(usage.Maxrss) / 1024 // getrusage(2): kilobytes
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
