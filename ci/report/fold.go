package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// folding marks a stage's lines, so that a CI vendor's log viewer can fold them.
type folding interface {
	open(stage string) string  // printed before the stage's first line
	close(stage string) string // printed before its last line
	fail(stage Stage) []string // printed after a stage that failed
	guard(text string) string  // what is printed of lines that may quote the application
}

// folding returns how the vendor of a mode marks sections.
func (m Mode) folding() folding {
	switch m {
	case GitHub:
		return github{}
	case GitLab:
		return gitlab{}
	case Azure:
		return azure{}
	}
	return unfolded{}
}

// Guard returns text, which may quote the application, changed so that the CI vendor does not take any of it for a workflow
// command when it is printed in this mode.
func (m Mode) Guard(text string, screen Screen, env func(string) string) string {
	return m.resolve(screen.Terminal, env).folding().guard(text)
}

type unfolded struct{}

func (unfolded) open(string) string       { return "" }
func (unfolded) close(string) string      { return "" }
func (unfolded) fail(Stage) []string      { return nil }
func (unfolded) guard(text string) string { return text }

// github writes workflow commands:
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
type github struct{}

var githubEscape = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

func (github) open(stage string) string { return "::group::" + stage + "\n" }
func (github) close(string) string      { return "::endgroup::\n" }
func (github) fail(stage Stage) []string {
	return []string{fmt.Sprintf("::%s title=%s failed::%s", severity(stage), stage.Name, githubEscape.Replace(unhash(outcome(stage))))}
}

// severity is what a stage that failed is to a vendor.
func severity(stage Stage) string {
	if stage.Optional {
		return "warning"
	}
	return "error"
}

// guard breaks up commands: the runner takes :: for one at the beginning of a line, after blanks too, and ##[ anywhere.
func (github) guard(text string) string { return commands.ReplaceAllString(unhash(text), "$1: :") }

var commands = regexp.MustCompile(`(?m)^(\s*)::`)

func unhash(line string) string { return strings.ReplaceAll(line, "##", "# #") }

// gitlab writes section markers: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
type gitlab struct{}

func (gitlab) open(stage string) string {
	return fmt.Sprintf("\x1b[0Ksection_start:%d:%s\r\x1b[0K", time.Now().Unix(), stage)
}

func (gitlab) close(stage string) string {
	return fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K", time.Now().Unix(), stage)
}

func (gitlab) fail(Stage) []string { return nil }

// guard has nothing to do: sections begin with an escape character, which clean removes.
func (gitlab) guard(text string) string { return text }

// azure writes logging commands:
// https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
type azure struct{}

var azureEscape = strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D")

func (azure) open(stage string) string { return "##[group]" + stage + "\n" }
func (azure) close(string) string      { return "##[endgroup]\n" }
func (azure) fail(stage Stage) []string {
	return []string{fmt.Sprintf("##vso[task.logissue type=%s]%s failed: %s", severity(stage), stage.Name, azureEscape.Replace(unhash(outcome(stage))))}
}

// guard breaks up commands, which the agent finds anywhere in a line.
func (azure) guard(text string) string { return unhash(text) }
