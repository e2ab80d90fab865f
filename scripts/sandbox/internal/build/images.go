package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
)

// root makes a root file system of Debian packages and imports it as an image.
func (b *Build) root(ctx context.Context, d *docker.Docker, name, packages string) error {
	return b.part(name+" file system", func(log io.Writer) error {
		tarball := filepath.Join(b.cache, name+".tar")
		defer os.Remove(tarball)
		cmd := exec.CommandContext(ctx, "mmdebstrap", "--variant=minbase", "--include="+packages,
			"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
			plan.Debian, tarball)
		if err := logged(log, cmd); err != nil {
			return err
		}
		return logged(log, d.Command(ctx, "import", tarball, b.Plan.Image(name)))
	})
}

// images makes images from their folders and the programs they take.
func (b *Build) images(ctx context.Context, d *docker.Docker, names ...string) error {
	for _, name := range names {
		if err := b.part(name+" image", func(log io.Writer) error { return b.dockerBuild(ctx, d, name, log) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *Build) dockerBuild(ctx context.Context, d *docker.Docker, name string, log io.Writer) error {
	folder, err := b.workFolder(strings.TrimSuffix(name, "-empty"))
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	root, sdk := b.Plan.Image("root"), ""
	switch name {
	case "node", "pause":
		err = os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(b.Programs("node")))
	case "syft":
		err = os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(b.Programs("syft")))
	case "engine":
		if err = os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(b.Programs("engine"))); err == nil {
			sdk, err = b.goSDK(ctx, d, filepath.Join(folder, "content"))
		}
	case "golang":
		err = addToolchain(ctx, log, folder)
	case "postgres":
		root = b.Plan.Image("postgres-root")
	}
	if err != nil {
		return err
	}
	args := []string{"build", "--force-rm", "--build-arg", "ROOT=" + root, "--tag", b.Plan.Image(name)}
	if sdk != "" { // Docker calls an argument that an image does not take a mistake
		args = append(args, "--build-arg", "GO_SDK="+sdk)
	}
	return logged(log, d.Command(ctx, append(args, folder)...))
}

// addToolchain copies this machine's Go toolchain and certificate authorities.
func addToolchain(ctx context.Context, log io.Writer, folder string) error {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("find the Go toolchain: %w", err)
	}
	if err := os.CopyFS(filepath.Join(folder, "go"), os.DirFS(strings.TrimSpace(string(goroot)))); err != nil {
		return err
	}
	for _, unused := range []string{"api", "doc", "misc", "test"} {
		if err := os.RemoveAll(filepath.Join(folder, "go", unused)); err != nil {
			return err
		}
	}
	return logged(log, exec.CommandContext(ctx, "cp", "/etc/ssl/certs/ca-certificates.crt", folder))
}
