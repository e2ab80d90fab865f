package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

// limit is longer than any run of a test lasts; one that hangs is ended by it.
const limit = 6 * time.Minute

// ended is a run of the program that is over.
type ended struct {
	code           int
	stdout, stderr string
	folder         string        // of its reports
	report         report.Report // zero when it wrote none
	junit          string        // the same as junit.xml
	engineLog      string        // of the build
}

// read reads the reports that a run left in a folder, if it left any.
func (e *ended) read(t *testing.T, folder string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		return
	}
	require.NoError(t, json.Unmarshal(content, &e.report))
	e.folder = folder
	content, err = os.ReadFile(filepath.Join(folder, "junit.xml"))
	require.NoError(t, err)
	e.junit = string(content)
	content, _ = os.ReadFile(filepath.Join(folder, "logs", "build.log")) // not every command builds
	e.engineLog = escape.ReplaceAllString(string(content), "")
}

// escape is what colours the engine's log.
var escape = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// stage returns the report's stage of a name.
func (e ended) stage(t *testing.T, name string) report.Stage {
	t.Helper()
	for _, stage := range e.report.Stages {
		if stage.Name == name {
			return stage
		}
	}
	require.Fail(t, "no stage "+name+" in the report", "%s", e.stdout)
	return report.Stage{}
}

// results returns each stage's result in their order: "build passed".
func (e ended) results() []string {
	var results []string
	for _, stage := range e.report.Stages {
		results = append(results, stage.Name+" "+string(stage.Result))
	}
	return results
}

// times returns each stage's time: "build 1.2".
func (e ended) times() []string {
	var times []string
	for _, stage := range e.report.Stages {
		times = append(times, fmt.Sprintf("%s %.1f", stage.Name, stage.Seconds))
	}
	return times
}

// pipeline runs the pipeline for a repository.
func (w *world) pipeline(t *testing.T, r *repository, n namespaces, args ...string) ended {
	t.Helper()
	return w.start(t, r, n, nil, args...)()
}

// start starts the pipeline and returns what waits for its end. Each line that it
// prints is passed on, with the process to send signals to.
func (w *world) start(t *testing.T, r *repository, n namespaces, line func(*os.Process, string), args ...string) (wait func() ended) {
	t.Helper()
	folder := t.TempDir()
	cmd := w.command(t, append(append([]string{"--source", r.folder, "--output", "plain", "--report", folder}, n.flags()...), args...)...)
	var stderr, stdout bytes.Buffer
	lines, into := io.Pipe()
	cmd.Stdout, cmd.Stderr = into, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a test can kill it with all its children
	require.NoError(t, cmd.Start())
	read := make(chan struct{})
	go func() {
		defer close(read)
		for scanner := bufio.NewScanner(lines); scanner.Scan(); {
			stdout.WriteString(scanner.Text() + "\n")
			if line != nil {
				line(cmd.Process, scanner.Text())
			}
		}
	}()
	return func() ended {
		_ = cmd.Wait() // the code tells
		into.Close()
		<-read
		done := ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
		if done.code >= 0 { // else it was killed, maybe while it wrote
			done.read(t, folder)
		}
		if done.report.Run != "" {
			require.Equal(t, done.code, done.report.ExitCode, "the report tells another exit code")
		}
		t.Logf("%.1f s, exit code %d: %s", done.report.Seconds, done.code, strings.Join(done.times(), ", "))
		return done
	}
}

// run runs the program with arguments and nothing else.
func (w *world) run(t *testing.T, args ...string) ended {
	t.Helper()
	return w.finish(w.command(t, args...))
}

func (w *world) finish(cmd *exec.Cmd) ended {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the code tells
	return ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// command is the program in the module's folder, without the settings of whoever runs the tests.
func (w *world) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, w.program, args...)
	cmd.Dir = w.root
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it cleans up
	cmd.WaitDelay = time.Minute
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SLIPWAY_") && !strings.HasPrefix(variable, "GITHUB_") && !strings.HasPrefix(variable, "CI_") && !strings.HasPrefix(variable, "GITLAB_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, w.variables...)
	return cmd
}

// with is the same world, in which programs have more variables.
func (w *world) with(variables ...string) *world {
	more := *w
	more.variables = variables
	return &more
}
