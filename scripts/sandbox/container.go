package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// container is what is wanted of one of the three. All that it keeps lies in
// the volume of its name.
type container struct {
	name, image string
	run         []string          // options of docker create, before the image
	command     []string          // after the image
	files       map[string]string // path in the container to content, put there before the start
	data        string            // where the volume is mounted
	state       string            // what writes the volume
}

// key changes whenever anything that the container is made from does.
func (c container) key() string {
	return short(fmt.Sprintf("%q %q %q %q %q %q", c.image, c.run, c.command, c.files, c.data, c.state))
}

// same tells whether a container is what is wanted and runs.
func (c container) same(found inspected) bool {
	return found.running() && found.Config.Labels[keyLabel] == c.key()
}

// makeContainer makes one and starts it, in place of a former one. One that
// stands still is not started again but made anew, as after a down: what it left
// in its own layer (a socket, half of its files) is then nobody's concern.
func (d *docker) makeContainer(ctx context.Context, c container, former inspected) error {
	if err := d.removeContainer(ctx, former); err != nil {
		return err
	}
	if err := d.ensureVolume(ctx, c); err != nil {
		return err
	}
	if err := d.create(ctx, c); err != nil {
		return err
	}
	_, err := d.run(ctx, "start", c.name)
	return err
}

// ensureVolume keeps the volume as long as what wrote it is what will read it,
// whatever else about the container has changed; else it starts empty.
func (d *docker) ensureVolume(ctx context.Context, c container) error {
	const missing = "missing"
	state, err := d.run(ctx, "volume", "inspect", "--format", fmt.Sprintf(`{{with .Labels}}{{index . %q}}{{end}}`, stateLabel), c.name)
	if err != nil {
		state = missing
	}
	if state == c.state {
		return nil
	}
	if state != missing {
		if _, err := d.run(ctx, "volume", "rm", "--force", c.name); err != nil {
			return err
		}
	}
	_, err = d.run(ctx, "volume", "create", "--label", stateLabel+"="+c.state, c.name)
	return err
}

func (c container) createArgs(d *docker) []string {
	args := []string{"create", "--name", c.name, "--network", network,
		"--label", keyLabel + "=" + c.key(), "--label", holdLabel + "=" + d.holder, "--label", userLabel + "=" + d.user,
		"--volume", c.name + ":" + c.data}
	return append(append(append(args, c.run...), c.image), c.command...)
}

func (d *docker) create(ctx context.Context, c container) error {
	if _, err := d.run(ctx, c.createArgs(d)...); err != nil || len(c.files) == 0 {
		return err
	}
	archive, err := archived(c.files)
	if err != nil {
		return err
	}
	// On any host, and into a container that does not run yet.
	cmd := d.command(ctx, "cp", "-", c.name+":/")
	cmd.Stdin = archive
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker cp: %s", lastLine(string(out)))
	}
	return nil
}

// archived packs small files and the folders above them as docker cp takes them.
func archived(files map[string]string) (*bytes.Buffer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	made := map[string]bool{}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
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
