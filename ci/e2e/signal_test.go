package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

func TestASignalInTheFunctionalStageLeavesNothing(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "signal")
	r := w.newRepository(t, n.production)
	before := w.snapshot(t, n)
	for _, c := range []struct {
		name, at string // the printed line that begins so
		signal   syscall.Signal
		code     int
	}{
		{"Ctrl-C as the beta is applied", "functional: deploy ", syscall.SIGINT, 130},
		{"Ctrl-C while its pods start", "functional: StatefulSet ", syscall.SIGINT, 130},
		{"SIGTERM in the middle of the tests", "functional: tests at ", syscall.SIGTERM, 143},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := w.signalled(t, r, n, c.at, c.signal)
			require.Equal(t, c.code, done.code, done.stdout+done.stderr)
			require.Equal(t, report.Interrupted, done.report.Result)
			require.Equal(t, []string{"build passed", "functional interrupted", "release skipped", "deploy skipped", "production skipped", "cleanup passed"}, done.results())
			require.Contains(t, done.stderr, "cleaning up")
			require.Empty(t, w.digest(t, r.version()), "an untested image has a final tag")
			requireSame(t, before, w.snapshot(t, n), "something is left")
		})
	}
}

// A SIGTERM to `go run` itself ends it, not what it runs.
func TestARunWhoseGoRunIsTerminatedCleansUp(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "gorun")
	r := w.newRepository(t, n.production)
	before := w.snapshot(t, n)
	folder := t.TempDir()
	program := w.command(t)
	program.Path, program.Err = exec.LookPath("go")
	program.Args = append([]string{"go", "run", "./ci", "--source", r.folder, "--output", "plain", "--report", folder}, n.flags()...)
	lines, err := program.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	program.Stderr = &stderr
	require.NoError(t, program.Start())
	var seen []string
	for scanner := bufio.NewScanner(lines); scanner.Scan(); { // until the program itself has ended, which go run does not wait for then
		seen = append(seen, scanner.Text())
		if strings.HasPrefix(scanner.Text(), "functional: StatefulSet ") {
			_ = program.Process.Signal(syscall.SIGTERM)
		}
	}
	_ = program.Wait()
	told := strings.Join(seen, "\n") + stderr.String()
	var end report.Report
	content, err := os.ReadFile(filepath.Join(folder, "report.json"))
	require.NoError(t, err, told)
	require.NoError(t, json.Unmarshal(content, &end))
	require.Equal(t, 143, end.ExitCode, told)
	require.Equal(t, report.Interrupted, end.Result)
	requireSame(t, before, w.snapshot(t, n), "something is left")
}

// signalled runs the pipeline and sends it a signal at the first line that begins so.
func (w *world) signalled(t *testing.T, r *repository, n namespaces, at string, signal syscall.Signal, args ...string) ended {
	t.Helper()
	var once sync.Once
	sent := false
	done := w.start(t, r, n, func(process *os.Process, line string) {
		if strings.HasPrefix(line, at) {
			once.Do(func() { sent = true; _ = process.Signal(signal) }) // one that has ended shows in its exit code
		}
	}, args...)()
	require.True(t, sent, "no line begins with %q: %s", at, done.stdout)
	return done
}
