package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slipway-cd/slipway/ci/report"
)

const repeats = 3 // of what is quick; the median counts

// runs measures a run with everything changed, with nothing changed, and the
// latter by hand.
func (b *bench) runs() error {
	if err := b.copySource(); err != nil {
		return err
	}
	if _, _, err := b.pipeline(); err != nil { // what is not under test is cached
		return err
	}
	if err := b.change(); err != nil {
		return err
	}
	changed, _, err := b.pipeline()
	if err != nil {
		return err
	}
	b.figures.set("run.changed_s", changed.Seconds)
	var totals, overheads, peaks []float64
	var last report.Report
	for range repeats {
		done, peak, err := b.pipeline()
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
	b.figures.set("run.peak_rss_mb", median(peaks))
	return b.hand()
}

// pipeline runs the program on the copy and reads its report.
func (b *bench) pipeline() (report.Report, float64, error) {
	folder, err := os.MkdirTemp(filepath.Dir(b.source), "report-")
	if err != nil {
		return report.Report{}, 0, err
	}
	cmd := command(b.ci, "--source", b.source, "--report", folder, "--output", "plain")
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
func (b *bench) copySource() error {
	if err := command("git", "clone", "--quiet", ".", b.source).Run(); err != nil {
		return err
	}
	// A history of its own: else what is deployed last is newer than this checkout,
	// whose own runs would end as superseded.
	if err := b.git("checkout", "--quiet", "--orphan", "bench"); err != nil {
		return err
	}
	if err := b.git("config", "user.email", "bench@example.com"); err != nil {
		return err
	}
	return b.git("commit", "--quiet", "--message", "bench: start")
}

// change touches the program, so that everything is compiled, tested and rolled out again.
func (b *bench) change() error {
	main := filepath.Join(b.source, "main.go")
	text, err := os.ReadFile(main)
	if err != nil {
		return err
	}
	text = fmt.Appendf(text, "\n// benchmarked says that this copy is one.\nfunc benchmarked() int { return %d }\n\nvar _ = benchmarked\n", os.Getpid())
	if err := os.WriteFile(main, text, 0o644); err != nil {
		return err
	}
	return b.git("commit", "--quiet", "--all", "--message", "main: change", "--author", "bench <bench@example.com>")
}

func (b *bench) git(args ...string) error {
	cmd := command("git", append([]string{"-C", b.source, "-c", "user.name=bench"}, args...)...)
	return cmd.Run()
}

// hand does the job with the engine's command line and kubectl, as a shell
// script would, where both are there.
func (b *bench) hand() error {
	out, err := exec.Command(b.ci, "sandbox", "env").Output()
	if err != nil {
		return err
	}
	environment := os.Environ()
	path := os.Getenv("PATH")
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		value = strings.Trim(value, "'")
		environment = append(environment, name+"="+value)
		if name == "_EXPERIMENTAL_DAGGER_CLI_BIN" {
			path = filepath.Dir(value) + string(os.PathListSeparator) + path
		}
	}
	environment = append(environment, "PATH="+path)
	if _, err := exec.LookPath("kubectl"); err != nil {
		fmt.Fprintln(os.Stderr, "bench: by hand is left out: kubectl is not here")
		return nil
	}
	var totals []float64
	for i := range repeats + 1 {
		script := command("bash", "scripts/benchmark/by-hand", b.source, fmt.Sprintf("hand%d", i))
		script.Env = environment
		seconds, err := timed(script)
		if err != nil {
			return err
		}
		if i > 0 { // the first fills the caches
			totals = append(totals, seconds)
		}
	}
	b.figures.set("hand.unchanged_s", median(totals))
	return nil
}
