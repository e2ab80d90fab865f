package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// goFlags build every program the same way, so that packages which two of them
// share are compiled once. No cgo: one kind of standard library for all. No
// debugging information: a sixth of the compiler's work, and nobody debugs these.
var goFlags = []string{"-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-tags=dfexcludepatterns,dfparents"}

func linkerFlags() string {
	flags := []string{"-s", "-w"}
	set := func(name, value string) { flags = append(flags, "-X", name+"="+value) }
	for _, version := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		set(version+".gitVersion", kubernetesVersion)
		set(version+".gitMajor", "1")
		set(version+".gitMinor", strings.Split(kubernetesVersion, ".")[1])
		set(version+".gitTreeState", "archive")
	}
	set("github.com/dagger/dagger/engine.Version", daggerVersion)
	set("github.com/dagger/dagger/engine.Tag", daggerVersion)
	return strings.Join(flags, " ")
}

// part runs one step under its name with its output in a log file; an error
// carries the last lines of it.
func (b *build) part(name string, step func(log io.Writer) error) error {
	end := b.s.log.Part(name)
	defer end()
	path := filepath.Join(b.s.cache, "logs", strings.ReplaceAll(name, " ", "-")+".log")
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := step(log); err != nil {
		text, _ := os.ReadFile(path)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return fmt.Errorf("build %s: %w\n%s\nall of it: %s", name, err, strings.Join(lines[max(0, len(lines)-10):], "\n"), path)
	}
	return nil
}

func logged(log io.Writer, cmd *exec.Cmd) error {
	fmt.Fprintln(log, "+", strings.Join(cmd.Args, " "))
	cmd.Stdout, cmd.Stderr = log, log
	return cmd.Run()
}

// goPrograms compiles packages of the module images/NAME into a folder of the cache.
func (b *build) goPrograms(ctx context.Context, name, key string, packages ...string) error {
	final := filepath.Join(b.s.cache, name+"-"+key)
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	return b.part(name+" programs", func(log io.Writer) error {
		module, err := b.workFolder(name)
		if err != nil {
			return err
		}
		defer os.RemoveAll(module)
		for _, args := range [][]string{
			{"sh", "./copies.sh"},
			append(append([]string{"go", "build"}, append(goFlags, "-ldflags", linkerFlags(), "-o", "bin/")...), packages...),
		} {
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			cmd.Dir = module
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
			if err := logged(log, cmd); err != nil {
				return err
			}
		}
		return os.Rename(filepath.Join(module, "bin"), final)
	})
}

// workFolder is a copy of images/NAME that a step may write to.
func (b *build) workFolder(name string) (string, error) {
	folder, err := os.MkdirTemp(b.s.cache, "work-")
	if err != nil {
		return "", err
	}
	return folder, os.CopyFS(folder, os.DirFS(filepath.Join(b.s.images, name)))
}

// root makes a root file system of Debian packages and imports it as an image.
func (b *build) root(ctx context.Context, d *docker, name, key, packages string) error {
	image := "slipway-sandbox/" + name + ":" + key
	if d.hasImage(ctx, image) {
		return nil
	}
	return b.part(name+" file system", func(log io.Writer) error {
		tarball := filepath.Join(b.s.cache, name+"-"+key+".tar")
		defer os.Remove(tarball)
		cmd := exec.CommandContext(ctx, "mmdebstrap", "--variant=minbase", "--include="+packages,
			"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
			debian, tarball)
		if err := logged(log, cmd); err != nil {
			return err
		}
		return logged(log, d.command(ctx, "import", tarball, image))
	})
}

// dockerBuild makes one image from its folder and the programs it takes.
func (b *build) dockerBuild(ctx context.Context, d *docker, name string) error {
	if d.hasImage(ctx, b.image(name)) {
		return nil
	}
	return b.part(name+" image", func(log io.Writer) error {
		folder, err := b.workFolder(strings.TrimSuffix(name, "-empty"))
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		root := "slipway-sandbox/root:" + b.rootKey
		switch name {
		case "node", "pause":
			err = os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(filepath.Join(b.s.cache, "node-"+b.nodeKey)))
		case "engine":
			err = os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(filepath.Join(b.s.cache, "engine-"+b.engKey)))
		case "golang":
			err = addToolchain(ctx, log, folder)
		case "postgres":
			root = "slipway-sandbox/postgres-root:" + b.pgKey
		}
		if err != nil {
			return err
		}
		return logged(log, d.command(ctx, "build", "--build-arg", "ROOT="+root, "--tag", b.image(name), folder))
	})
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

// seedRegistry pushes the stand-ins into an empty registry and keeps the
// result as the registry's image, so that no start has to push them again.
func (b *build) seedRegistry(ctx context.Context, d *docker) error {
	return b.part("registry image", func(log io.Writer) error {
		const name = "slipway-seed"
		_, _ = d.run(ctx, "rm", "--force", name)
		if err := d.ensureNetwork(ctx); err != nil {
			return err
		}
		if _, err := d.run(ctx, "run", "--detach", "--name", name, "--label", keyLabel, "--network", network, "--publish", "127.0.0.1::5000", b.image("registry-empty")); err != nil {
			return err
		}
		defer d.run(context.WithoutCancel(ctx), "rm", "--force", name)
		address, err := d.run(ctx, "port", name, "5000")
		if err != nil {
			return err
		}
		if err := waitHTTP(ctx, "http://"+address+"/v2/"); err != nil {
			return err
		}
		for from, to := range map[string]string{"pause": "pause:3.10", "golang": "library/golang:1.26", "postgres": "library/postgres:17"} {
			if _, err := d.run(ctx, "tag", b.image(from), address+"/"+to); err != nil {
				return err
			}
			if err := logged(log, d.command(ctx, "push", address+"/"+to)); err != nil {
				return err
			}
			if _, err := d.run(ctx, "rmi", address+"/"+to, b.image(from)); err != nil {
				return err
			}
		}
		if _, err := d.run(ctx, "stop", "--time", "5", name); err != nil {
			return err
		}
		_, err = d.run(ctx, "commit", name, b.image("registry"))
		return err
	})
}

// waitHTTP waits until an address answers with 200.
func waitHTTP(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	last := errors.New("no answer")
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(response.Status)
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", url, last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
