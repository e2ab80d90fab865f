package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// mayInstall tells whether we are root on Debian.
func mayInstall() bool {
	_, err := os.Stat("/etc/debian_version")
	return err == nil && os.Geteuid() == 0
}

// install gets a Debian package unless the program is there.
func (s *Sandbox) install(ctx context.Context, program, name string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	if !mayInstall() {
		return fmt.Errorf("no program %s: install it and run this again", program)
	}
	s.log.Say("installing %s", name)
	for _, args := range [][]string{{"update"}, {"install", "--yes", "--no-install-recommends", name}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		// Debian would start the daemon; ours runs with its own socket and data.
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %s", args[0], lastLine(string(out)))
		}
	}
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%s holds no program %s: install it and run this again", name, program)
	}
	return nil
}
