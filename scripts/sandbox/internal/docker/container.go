package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// Container is what is wanted of one of the three. All that it keeps lies in
// the volume of its name.
type Container struct {
	Name, Image string
	Run         []string          // options of docker create, before the image
	Args        []string          // after the image
	Files       map[string]string // path in the container to content, put there before the start
	Data        string            // where the volume is mounted
	State       string            // what writes the volume
}

// Key changes whenever anything that the container is made from does.
func (c Container) Key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %q", c.Image, c.Run, c.Args, c.Files, c.Data, c.State))
	return hex.EncodeToString(sum[:])[:12]
}

// Same tells whether a container is what is wanted and runs.
func (c Container) Same(found Inspected) bool {
	return found.Running() && found.Config.Labels[KeyLabel] == c.Key()
}

// MakeContainer makes one and starts it, in place of a former one. One that
// stands still is not started again but made anew, as after a down: what it left
// in its own layer (a socket, half of its files) is then nobody's concern.
func (d *Docker) MakeContainer(ctx context.Context, c Container, former Inspected) error {
	if err := d.RemoveContainer(ctx, former); err != nil {
		return err
	}
	if err := d.ensureVolume(ctx, c); err != nil {
		return err
	}
	if err := d.create(ctx, c); err != nil {
		return err
	}
	_, err := d.Run(ctx, "start", c.Name)
	return err
}

// ensureVolume keeps the volume as long as what wrote it is what will read it,
// whatever else about the container has changed; else it starts empty.
func (d *Docker) ensureVolume(ctx context.Context, c Container) error {
	const missing = "missing"
	state, err := d.Run(ctx, "volume", "inspect", "--format", fmt.Sprintf(`{{with .Labels}}{{index . %q}}{{end}}`, stateLabel), c.Name)
	if err != nil {
		state = missing
	}
	if state == c.State {
		return nil
	}
	if state != missing {
		if _, err := d.Run(ctx, "volume", "rm", "--force", c.Name); err != nil {
			return err
		}
	}
	_, err = d.Run(ctx, "volume", "create", "--label", stateLabel+"="+c.State, c.Name)
	return err
}

// CreateArgs are those of docker create.
func (c Container) CreateArgs(o Owner) []string {
	args := []string{"create", "--name", c.Name, "--network", Network,
		"--label", KeyLabel + "=" + c.Key(), "--label", holdLabel + "=" + o.Holder, "--label", userLabel + "=" + o.User,
		"--volume", c.Name + ":" + c.Data}
	return append(append(append(args, c.Run...), c.Image), c.Args...)
}

func (d *Docker) create(ctx context.Context, c Container) error {
	if _, err := d.Run(ctx, c.CreateArgs(d.Owner)...); err != nil || len(c.Files) == 0 {
		return err
	}
	archive, err := archived(c.Files)
	if err != nil {
		return err
	}
	// On any host, and into a container that does not run yet.
	cmd := d.Command(ctx, "cp", "-", c.Name+":/")
	cmd.Stdin = archive
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker cp: %s", host.LastLine(string(out)))
	}
	return nil
}

// archived packs small files and the folders above them as docker cp takes them.
func archived(files map[string]string) (*bytes.Buffer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	made := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		parts := strings.Split(strings.Trim(path, "/"), "/")
		for i := 1; i < len(parts); i++ {
			folder := strings.Join(parts[:i], "/") + "/"
			if made[folder] {
				continue
			}
			made[folder] = true
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755}); err != nil {
				return nil, err
			}
		}
		if err := w.WriteHeader(&tar.Header{Name: strings.Join(parts, "/"), Mode: 0o644, Size: int64(len(files[path]))}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(files[path])); err != nil {
			return nil, err
		}
	}
	return &archive, w.Close()
}
