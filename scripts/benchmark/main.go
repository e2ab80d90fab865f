// Command benchmark measures the sandbox and a run of the pipeline on this
// machine, side by side with the same job done by hand, and prints a table.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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
	What string `arg:"" optional:"" enum:"sandbox,run," default:"" help:"sandbox or run; both if not given."`
	JSON string `name:"json" help:"Write the figures to this file, too." placeholder:"FILE"`
}

func main() {
	var opts options
	kong.Parse(&opts, kong.Name("scripts/bench"), kong.Description("Measures on this machine, beside doing it by hand."))
	if err := run(opts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(opts options) error {
	f := &figures{values: map[string]float64{}}
	folder, err := os.MkdirTemp("", "slipway-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b := &bench{ci: filepath.Join(folder, "ci"), source: filepath.Join(folder, "source"), figures: f}
	if err := command("go", "build", "-o", b.ci, "./ci").Run(); err != nil {
		return err
	}
	if opts.What != "run" {
		if err := b.sandbox(); err != nil {
			return err
		}
	}
	if opts.What != "sandbox" {
		if err := b.runs(); err != nil {
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

func (f *figures) print() {
	table := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
	for _, key := range f.keys {
		fmt.Fprintf(table, "%s\t%.2f\n", key, f.values[key])
	}
	_ = table.Flush()
}

// bench holds what the measurements share.
type bench struct {
	ci      string // the program
	source  string // a copy of the application with a history of its own
	figures *figures
}

// sandbox measures the way from built images to a ready, empty sandbox.
func (b *bench) sandbox() error {
	for _, action := range []string{"up", "reset"} { // up first, so that everything is built
		if _, err := timed(command(b.ci, "sandbox", action)); err != nil {
			return err
		}
	}
	seconds, err := timed(command(b.ci, "sandbox", "up"))
	b.figures.set("sandbox.up_s", seconds)
	if err != nil {
		return err
	}
	seconds, err = timed(command(b.ci, "sandbox", "up"))
	b.figures.set("sandbox.up_again_s", seconds)
	return err
}

// command is one that shows its errors only.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
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
