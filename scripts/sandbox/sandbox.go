package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/build"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/daemon"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/flavour"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/progress"
)

// quiet is how long something may take that nobody needs to be told about.
const quiet = 2 * time.Second

// Sandbox is the one sandbox of this user on this machine.
type Sandbox struct {
	cache  string // built parts, logs, the daemon's data: $XDG_CACHE_HOME/slipway/sandbox
	images string // the folder scripts/sandbox/images of this clone
	owner  docker.Owner
	engine string // an engine that the user named: none of our own is started
	log    *progress.Log
}

// open finds the folders; nothing is started or changed yet.
func open() (*Sandbox, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the cache folder: %w; set XDG_CACHE_HOME", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	images := filepath.Join(here, "images")
	if _, err := os.Stat(filepath.Join(images, "node", "go.mod")); err != nil {
		return nil, errors.New("start this in scripts/sandbox, or as `go run ./ci sandbox`")
	}
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find out who asks: %w", err)
	}
	s := &Sandbox{
		cache: filepath.Join(cache, "slipway", "sandbox"), images: images,
		owner:  docker.Owner{Holder: filepath.Dir(filepath.Dir(here)), User: me.Username},
		engine: coordinates.NamedEngine(os.Getenv(coordinates.RunnerHost)), log: progress.New(os.Stderr),
	}
	return s, os.MkdirAll(filepath.Join(s.cache, "logs"), 0o755)
}

// wanted names the parts that run here.
func (s *Sandbox) wanted() []string {
	if s.engine != "" {
		return []string{"node", "registry"}
	}
	return []string{"engine", "node", "registry"}
}

// containers are those of a flavour that run here.
func (s *Sandbox) containers(f *flavour.Flavour) []docker.Container {
	all := f.Containers()
	if s.engine != "" { // the last one
		return all[:len(all)-1]
	}
	return all
}

// newBuild plans what is built here.
func (s *Sandbox) newBuild() (*build.Build, error) {
	return build.New(s.cache, s.images, s.wanted(), s.log)
}

// daemon is the Docker daemon of our own.
func (s *Sandbox) daemon() *daemon.Daemon {
	return &daemon.Daemon{Cache: s.cache, Owner: s.owner, Log: s.log}
}

// lock keeps a second up, down or reset waiting until this one is through. The
// kernel lets go of it when this process ends, however it ends.
func (s *Sandbox) lock() (unlock func(), err error) { return s.lockFile("lock", "the sandbox") }

// lockFile locks a file of the cache, which stands for what is locked.
func (s *Sandbox) lockFile(name, what string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(s.cache, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		s.log.Say("another process is at work on %s; waiting for it", what)
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
			return nil, err
		}
	}
	return func() { _ = file.Close() }, nil
}

// Up makes the containers run and tells where they are. It changes nothing that
// is well, so it may be called before every use.
func (s *Sandbox) Up(ctx context.Context) (*coordinates.Coordinates, error) {
	if at := s.healthy(ctx); at != nil {
		return at, nil
	}
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if at := s.healthy(ctx); at != nil { // by the one that was waited for
		return at, nil
	}
	start := time.Now()
	d, err := s.daemon().Find(ctx)
	if err != nil {
		return nil, err
	}
	b, err := s.newBuild()
	if err != nil {
		return nil, err
	}
	f, err := flavour.Choose(ctx, d, b)
	if err != nil {
		return nil, err
	}
	for tries := 1; ; tries++ {
		at, err := s.bringUp(ctx, d, f)
		if err == nil {
			if took := time.Since(start); took > quiet {
				s.log.Say("up after %.1fs", took.Seconds())
			}
			return at, nil
		}
		if tries == 3 || !s.repair(ctx, d, err) {
			return nil, err
		}
	}
}
