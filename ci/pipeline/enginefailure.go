package pipeline

import (
	"errors"
	"regexp"
	"strings"

	"dagger.io/dagger"
)

// engineFailure returns the Failure for an error of the engine: a command in the build
// has failed, or the engine no longer answers.
func (r *Run) engineFailure(what string, err error) *Failure {
	failure := &Failure{Code: ExitBuild, Cause: what + ": " + firstLine(engineID.ReplaceAllString(err.Error(), "")), Err: err, logged: true}
	var command *dagger.ExecError
	switch {
	case errors.As(err, &command):
		failure.Cause = what
		if ran := strings.TrimPrefix(strings.Join(command.Cmd, " "), "/bin/sh -c "); ran != "" {
			failure.Cause += ": " + firstLine(ran)
		}
		failure.Evidence = failedLines(command.Stdout + "\n" + command.Stderr)
	case strings.Contains(failure.Cause, unconverted):
		failure.Cause, failure.logged = strings.Replace(failure.Cause, unconverted, "", 1), false
		if strings.Contains(failure.Cause, "not found") {
			failure.Try = "check name and tag of the image that FROM names, and that the engine reaches its registry; without one the sandbox has golang:1.26 and postgres:17"
		}
	case engineGone(err):
		failure.Code, failure.Try = ExitUnreachable, "check that the engine is running: `go run ./ci sandbox status`"
	}
	return failure
}

// engineID matches the ids in the engine's errors: kilobytes that encode all former
// steps and help nobody.
var engineID = regexp.MustCompile(`load \S+: (inputs: )?`)

// unconverted begins what the engine says of a Dockerfile of which it has run nothing.
const unconverted = "failed to convert Dockerfile to LLB: "

// engineGone reports whether the engine at the other end of the session no longer answers.
func engineGone(err error) bool {
	text := err.Error()
	for _, sign := range []string{"connection refused", "connection reset", "EOF", "broken pipe"} {
		if strings.Contains(text, "Post \"http://dagger/query\"") && strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// lastLines returns the last lines of a text that are not empty, at most count.
func lastLines(text string, count int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-count):]
}
