package engine

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Failure returns the Failure for an error of the engine: a command in the build
// has failed, or the engine no longer answers.
func (s *Session) Failure(what string, err error) *exit.Failure {
	failure := &exit.Failure{Code: exit.Build, Cause: what + ": " + firstLine(engineID.ReplaceAllString(Plain(err), "")), Err: err, Logged: true}
	var command *dagger.ExecError
	switch {
	case errors.As(err, &command):
		failure.Cause = what
		if ran := strings.TrimPrefix(strings.Join(command.Cmd, " "), "/bin/sh -c "); ran != "" {
			failure.Cause += ": " + firstLine(ran)
		}
		failure.Evidence = FailedLines(command.Stdout + "\n" + command.Stderr)
	case strings.Contains(failure.Cause, unconverted):
		failure.Cause, failure.Logged = strings.Replace(failure.Cause, unconverted, "", 1), false
		if strings.Contains(failure.Cause, "not found") {
			failure.Try = "check name and tag of the image that FROM names, and that the engine reaches its registry; without one the sandbox has golang:1.26 and postgres:17"
		}
	case engineGone(err):
		s.lost.Store(true)
		failure.Code, failure.Cause, failure.Logged = exit.Unreachable, what+": the engine was lost: "+lostBy(err), false
		failure.Try = "repeat the run when it answers again; `" + about.Program() + " sandbox status` shows the sandbox's"
	}
	return failure
}

// Plain is the text of an error without the mark by which the engine finds where in its trace that came from.
func Plain(err error) string { return traceMark.ReplaceAllString(err.Error(), "") }

var traceMark = regexp.MustCompile(` ?\[traceparent:[0-9a-f-]*\]`)

// engineID matches the ids in the engine's errors: kilobytes that encode all former
// steps and help nobody.
var engineID = regexp.MustCompile(`load \S+: (inputs: )?`)

// unconverted begins what the engine says of a Dockerfile of which it has run nothing.
const unconverted = "failed to convert Dockerfile to LLB: "

// engineGone reports whether the engine at the other end of the session no longer answers,
// or is about to end. Whatever else it says comes with an answer.
func engineGone(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // it is we who ended it
	}
	return strings.Contains(err.Error(), "http://dagger/query") || strings.Contains(err.Error(), shuttingDown)
}

const shuttingDown = "engine is shutting down"

// lostBy is what shows that the engine is gone, without what the SDK and its command, which
// wraps it in JSON, put around it.
func lostBy(err error) string {
	if strings.Contains(err.Error(), shuttingDown) {
		return "it is shutting down"
	}
	_, why, _ := strings.Cut(firstLine(err.Error()), "http://dagger/query")
	if through := programEnded.FindStringSubmatch(why); through != nil {
		return through[1] + " ended with " + through[2]
	}
	return strings.Trim(why, `\": }]`)
}

// programEnded is how the SDK's command tells that kubectl or docker, through which it spoke to the engine, has ended.
var programEnded = regexp.MustCompile(`command \[(\w+) .*\] has exited with ([^,]+),`)
