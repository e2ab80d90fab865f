package report

import (
	"fmt"
	"slices"
	"strings"
)

// Mode is the format of the output on the terminal.
type Mode string

// The values of the flag --output.
const (
	Auto   Mode = "auto"   // TTY on a terminal, GitHub, GitLab or Azure in their jobs, else Plain
	TTY    Mode = "tty"    // a live line for each running stage
	Plain  Mode = "plain"  // lines that begin with their stage
	JSON   Mode = "json"   // one JSON object for each event
	GitHub Mode = "github" // Plain, each stage a group that folds
	GitLab Mode = "gitlab" // Plain, each stage a section that folds
	Azure  Mode = "azure"  // Plain, each stage a group that folds
)

var modes = []Mode{Auto, TTY, Plain, JSON, GitHub, GitLab, Azure}

// ParseMode returns the mode of that name, an error that lists the names if there is none.
func ParseMode(name string) (Mode, error) {
	if mode := Mode(name); slices.Contains(modes, mode) {
		return mode, nil
	}
	var names []string
	for _, mode := range modes {
		names = append(names, string(mode))
	}
	return "", fmt.Errorf("output %q: want one of %s", name, strings.Join(names, ", "))
}

// resolve returns what Auto stands for, other modes as they are.
func (m Mode) resolve(terminal bool, env func(string) string) Mode {
	switch {
	case m != Auto:
		return m
	case env("GITHUB_ACTIONS") == "true":
		return GitHub
	case env("GITLAB_CI") == "true":
		return GitLab
	case env("TF_BUILD") != "":
		return Azure
	case terminal && env("TERM") != "dumb":
		return TTY
	}
	return Plain
}
