package report

import (
	"fmt"
	"strings"
	"time"
)

// folding marks a stage's lines, so that a CI vendor's log viewer can fold them.
type folding interface {
	open(stage string) string  // printed before the stage's first line
	close(stage string) string // printed before its last line
	fail(stage Stage) []string // printed after a stage that failed
}

type unfolded struct{}

func (unfolded) open(string) string  { return "" }
func (unfolded) close(string) string { return "" }
func (unfolded) fail(Stage) []string { return nil }

// github writes workflow commands:
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
type github struct{}

var githubEscape = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

func (github) open(stage string) string { return "::group::" + stage + "\n" }
func (github) close(string) string      { return "::endgroup::\n" }
func (github) fail(stage Stage) []string {
	return []string{fmt.Sprintf("::error title=%s failed::%s", stage.Name, githubEscape.Replace(outcome(stage)))}
}

// gitlab writes section markers: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
type gitlab struct{}

func (gitlab) open(stage string) string {
	return fmt.Sprintf("\x1b[0Ksection_start:%d:%s\r\x1b[0K", time.Now().Unix(), stage)
}

func (gitlab) close(stage string) string {
	return fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K", time.Now().Unix(), stage)
}

func (gitlab) fail(Stage) []string { return nil }
