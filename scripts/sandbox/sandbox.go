package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Sandbox is the one sandbox of this user on this machine.
type Sandbox struct {
	cache  string // built parts, logs, the daemon's data: $XDG_CACHE_HOME/slipway/sandbox
	images string // the folder scripts/sandbox/images of this clone
	holder string // the clone that speaks, shown to another that finds the sandbox taken
	log    *progress
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
	s := &Sandbox{cache: filepath.Join(cache, "slipway", "sandbox"), images: images, holder: filepath.Dir(filepath.Dir(here))}
	s.log = newProgress(os.Stderr)
	return s, os.MkdirAll(filepath.Join(s.cache, "logs"), 0o755)
}

// lock keeps a second up, down or reset waiting until this one is through.
func (s *Sandbox) lock() (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(s.cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		s.log.Say("another process is at work on the sandbox; waiting for it")
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
			return nil, err
		}
	}
	return func() { _ = file.Close() }, nil
}

// Up makes the three containers run and tells where they are. It changes
// nothing that is well, so it may be called before every use.
func (s *Sandbox) Up(ctx context.Context) (*Coordinates, error) {
	if at, err := s.Load(); err == nil && s.healthy(ctx, at) {
		return at, nil
	}
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	docker, err := s.docker(ctx)
	if err != nil {
		return nil, err
	}
	flavour, err := s.flavour(ctx, docker)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := s.takeOver(ctx, docker, flavour); err != nil {
		return nil, err
	}
	if err := docker.ensureNetwork(ctx); err != nil {
		return nil, err
	}
	group, gctx := errgroup.WithContext(ctx)
	for _, c := range flavour.containers() {
		group.Go(func() error {
			if err := docker.ensureContainer(gctx, c); err != nil {
				return fmt.Errorf("start %s: %w", c.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	at, err := s.locate(ctx, docker, flavour)
	if err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx, docker, flavour, at); err != nil {
		return nil, err
	}
	s.log.Say("up after %.1fs", time.Since(start).Seconds())
	return at, s.save(at)
}

// takeOver refuses a sandbox that another clone made from other images, and
// drops the state of one that this clone made before its images changed.
func (s *Sandbox) takeOver(ctx context.Context, docker *docker, f *flavour) error {
	for _, c := range f.containers() {
		key, holder := docker.labels(ctx, c.name)
		if key == "" || key == f.key {
			continue
		}
		if holder != s.holder {
			if _, err := os.Stat(holder); err == nil {
				return fmt.Errorf("the sandbox on this machine belongs to %s, built from other images: run `go run ./ci sandbox down` there first", holder)
			}
		}
		s.log.Say("the sandbox's images changed: its former state is dropped")
		return docker.remove(ctx, true)
	}
	return nil
}

// Down stops everything; with state, volumes go too. A Docker that was there
// before is left as it was, one that Up started is stopped.
func (s *Sandbox) Down(ctx context.Context, state bool) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	_ = os.Remove(s.statePath())
	docker, err := s.findDocker(ctx)
	if err != nil {
		return err
	}
	if docker == nil && state && s.ownDockerExists() { // volumes are only reachable through the daemon
		if docker, err = s.docker(ctx); err != nil {
			return err
		}
	}
	if docker != nil {
		if err := docker.remove(ctx, state); err != nil {
			return err
		}
	}
	return s.stopOwnDocker(ctx)
}
