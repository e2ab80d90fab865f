package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// errEnded says that a container ended while it was waited for.
var errEnded = errors.New("has ended")

// How long a part may take to serve: one that was made now, and one that was
// found running, which is taken for broken after that and made anew.
const (
	patienceNew   = 3 * time.Minute
	patienceFound = 20 * time.Second
)

// bringUp starts what does not run and waits until everything serves, or until
// a container ends.
func (s *Sandbox) bringUp(ctx context.Context, d *docker, f *flavour) (*Coordinates, error) {
	containers := s.containers(f)
	patience, err := s.start(ctx, d, containers)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, c := range containers {
		go func() {
			if _, err := d.run(ctx, "wait", c.name); err != nil {
				cancel(err)
				return
			}
			cancel(fmt.Errorf("%s %w; `docker logs %s` may tell why", c.name, errEnded, c.name))
		}()
	}
	at, err := s.locate(ctx, d, f, patience)
	if err == nil {
		err = s.waitReady(ctx, d, f, at, patience)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	return at, err
}

// repair tells whether another try may help: where a container has ended (it
// was killed a moment ago, and Docker has noticed only now), or where one that
// was found running does not serve, which is then removed.
func (s *Sandbox) repair(ctx context.Context, d *docker, err error) bool {
	var stuck stuckErrors
	if !errors.As(err, &stuck) {
		return errors.Is(err, errEnded)
	}
	found, err := d.inspect(ctx)
	if err != nil {
		return false
	}
	for _, one := range stuck {
		if one.after != patienceFound {
			return false
		}
		s.log.Say("%s: making it anew", one)
		if d.removeContainer(ctx, found[one.container]) != nil {
			return false
		}
		delete(found, one.container) // it may have been asked more than one question
	}
	return true
}

// start makes the containers run that do not, and those anew that are to be
// made from something else; it returns how long to wait for each.
func (s *Sandbox) start(ctx context.Context, d *docker, containers []container) (map[string]time.Duration, error) {
	found, err := d.inspect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.mayTake(found, containers); err != nil {
		return nil, err
	}
	if err := d.ensureNetwork(ctx); err != nil {
		return nil, err
	}
	patience := map[string]time.Duration{}
	group, gctx := errgroup.WithContext(ctx)
	for _, c := range containers {
		patience[c.name] = patienceFound
		if c.same(found[c.name]) {
			continue
		}
		patience[c.name] = patienceNew
		group.Go(func() error {
			if err := d.makeContainer(gctx, c, found[c.name]); err != nil {
				return fmt.Errorf("start %s: %w", c.name, err)
			}
			return nil
		})
	}
	return patience, group.Wait()
}

// mayTake refuses a sandbox of another user, and one that runs for another
// clone from other images.
func (s *Sandbox) mayTake(found map[string]inspected, containers []container) error {
	for _, i := range found {
		if owner := i.Config.Labels[userLabel]; owner != "" && owner != s.user {
			return fmt.Errorf("the sandbox in this Docker belongs to the user %s, who can stop it with `go run ./ci sandbox down`", owner)
		}
	}
	for _, c := range containers {
		i := found[c.name]
		holder := i.Config.Labels[holdLabel]
		if !i.running() || c.same(i) || holder == s.holder || holder == "" {
			continue
		}
		if _, err := os.Stat(holder); !errors.Is(err, fs.ErrNotExist) { // a clone that is gone holds nothing
			return fmt.Errorf("the sandbox on this machine belongs to %s, built from other images: run `go run ./ci sandbox down` there first", holder)
		}
	}
	return nil
}
