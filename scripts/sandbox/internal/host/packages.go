package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/progress"
)

// MayInstall tells whether we are root on Debian.
func MayInstall() bool {
	_, err := os.Stat("/etc/debian_version")
	return err == nil && os.Geteuid() == 0
}

// Install gets a Debian package unless the program is there.
func Install(ctx context.Context, log *progress.Log, program, name string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	if !MayInstall() {
		return fmt.Errorf("no program %s: install it and run this again", program)
	}
	log.Say("installing %s", name)
	for _, args := range [][]string{{"update"}, {"install", "--yes", "--no-install-recommends", name}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		// Debian would start the daemon; ours runs with its own socket and data.
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %s", args[0], LastLine(string(out)))
		}
	}
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%s holds no program %s: install it and run this again", name, program)
	}
	return nil
}

// LastLine returns the line that tells most: some commands end with the status that
// the one before has explained.
func LastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := len(lines) - 1; last > 0 && strings.HasPrefix(lines[last], "exit status ") {
		lines = lines[:last]
	}
	return lines[len(lines)-1]
}
