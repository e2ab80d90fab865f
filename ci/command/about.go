package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/manual"
)

// ownCommands are about the program itself and the sandbox: they are there for every application, and without one.
var ownCommands = []string{"sandbox", "version", "completion", "man", manual.Asked}

// out takes what a command prints as it is.
func (h Host) out() io.Writer {
	if h.Out == nil {
		return os.Stdout
	}
	return h.Out
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print it as JSON."`
}

// Run prints what the program was made of.
func (c *versionCommand) Run(f *flags) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("version: the program was made without its modules' versions")
	}
	made := about.Of(info)
	if c.JSON {
		return json.NewEncoder(f.host.out()).Encode(made)
	}
	_, err := fmt.Fprint(f.host.out(), made)
	return err
}

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the shell's script.
func (c *completionCommand) Run(f *flags) error {
	script, err := manual.Script(c.Shell)
	if err != nil {
		return exit.Usagef("%w", err)
	}
	_, err = fmt.Fprint(f.host.out(), script)
	return err
}

type completeCommand struct {
	Words []string `arg:"" optional:"" help:"Of the line, behind the program's name."`
}

// Run prints what may follow the words.
func (c *completeCommand) Run(f *flags, parsed *kong.Context) error {
	for _, word := range manual.Words(parsed.Model, c.Words) {
		if _, err := fmt.Fprintf(f.host.out(), "%s\t%s\n", word.Text, word.Help); err != nil {
			return err
		}
	}
	return nil
}

type manCommand struct{}

// Run prints the man page.
func (c *manCommand) Run(f *flags, parsed *kong.Context) error {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Sum != "" { // a checkout's is none that others know
		version = info.Main.Version
	}
	_, err := fmt.Fprint(f.host.out(), manual.Page(parsed.Model, "slipway", version))
	return err
}
