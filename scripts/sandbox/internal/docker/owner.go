package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Owner is who speaks.
type Owner struct {
	Holder string // the clone, shown to another that finds the sandbox taken
	User   string // shown to another user of the same Docker
}

// MayTake refuses a sandbox of another user, and one that runs for another
// clone from other images.
func (o Owner) MayTake(found map[string]Inspected, containers []Container) error {
	for _, i := range found {
		if owner := i.Config.Labels[userLabel]; owner != "" && owner != o.User {
			return fmt.Errorf("the sandbox in this Docker belongs to the user %s, who can stop it with `sandbox down`", owner)
		}
	}
	for _, c := range containers {
		i := found[c.Name]
		holder := i.Config.Labels[holdLabel]
		if !i.Running() || c.Same(i) || holder == o.Holder || holder == "" {
			continue
		}
		if _, err := os.Stat(holder); !errors.Is(err, fs.ErrNotExist) { // a clone that is gone holds nothing
			return fmt.Errorf("the sandbox on this machine belongs to %s, built from other images: run `sandbox down` there first", holder)
		}
	}
	return nil
}
