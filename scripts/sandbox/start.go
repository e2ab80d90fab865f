package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/cluster"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/flavour"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/ready"
)

// errEnded says that a container ended while it was waited for.
var errEnded = errors.New("has ended")

func ended(container string) error {
	return fmt.Errorf("%s %w; `docker logs %s` may tell why", container, errEnded, container)
}

// How long a part may take to serve: one that was made now, and one that was
// found running, which is taken for broken after that and made anew.
const (
	patienceNew   = 3 * time.Minute
	patienceFound = 20 * time.Second
)

// bringUp starts what does not run and waits until everything serves, or until
// a container ends.
func (s *Sandbox) bringUp(ctx context.Context, d *docker.Docker, f *flavour.Flavour) (*coordinates.Coordinates, error) {
	containers := s.containers(f)
	patience, err := s.start(ctx, d, containers)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, c := range containers {
		go func() {
			if _, err := d.Run(ctx, "wait", c.Name); err != nil {
				cancel(err)
				return
			}
			cancel(ended(c.Name))
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
func (s *Sandbox) repair(ctx context.Context, d *docker.Docker, err error) bool {
	var stuck ready.Stuck
	if !errors.As(err, &stuck) {
		return errors.Is(err, errEnded)
	}
	found, err := d.Inspect(ctx)
	if err != nil {
		return false
	}
	for _, one := range stuck {
		if one.After != patienceFound {
			return false
		}
		s.log.Say("%s: making it anew", one)
		if d.RemoveContainer(ctx, found[one.Container]) != nil {
			return false
		}
		delete(found, one.Container) // it may have been asked more than one question
	}
	return true
}

// start makes the containers run that do not, and those anew that are to be
// made from something else; it returns how long to wait for each.
func (s *Sandbox) start(ctx context.Context, d *docker.Docker, containers []docker.Container) (map[string]time.Duration, error) {
	found, err := d.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.owner.MayTake(found, containers); err != nil {
		return nil, err
	}
	if err := d.EnsureNetwork(ctx); err != nil {
		return nil, err
	}
	patience := map[string]time.Duration{}
	group, gctx := errgroup.WithContext(ctx)
	for _, c := range containers {
		patience[c.Name] = patienceFound
		if c.Same(found[c.Name]) {
			continue
		}
		patience[c.Name] = patienceNew
		group.Go(func() error {
			if err := d.MakeContainer(gctx, c, found[c.Name]); err != nil {
				return fmt.Errorf("start %s: %w", c.Name, err)
			}
			return nil
		})
	}
	return patience, group.Wait()
}

// waitReady waits for all parts to serve; it returns ready.Stuck when some do
// not, all of them, so that one repair mends all.
func (s *Sandbox) waitReady(ctx context.Context, d *docker.Docker, f *flavour.Flavour, at *coordinates.Coordinates, patience map[string]time.Duration) error {
	found, err := d.Inspect(ctx)
	if err != nil {
		return err
	}
	all := s.questions(d, at, found)
	if f.Bare {
		all = append(all, question{"classes", docker.Node, func(ctx context.Context) error { return cluster.AddClasses(ctx, at.Kubeconfig) }},
			question{"gateway", docker.Node, func(ctx context.Context) error { return cluster.AddGateway(ctx, at.Kubeconfig) }})
	}
	answers := make([]ready.Stuck, len(all))
	var group sync.WaitGroup
	for i, q := range all {
		group.Go(func() { answers[i] = ready.Until(ctx, q.container, patience[q.container], q.ask) })
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return slices.Concat(answers...).OrNil()
}
