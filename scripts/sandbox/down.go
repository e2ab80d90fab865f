package main

import (
	"context"
	"slices"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// Down stops everything; with state, volumes go too. A Docker that was there
// before is left as it was, one that Up started is stopped.
func (s *Sandbox) Down(ctx context.Context, state bool) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	coordinates.Forget(s.cache)
	devices := host.Devices()
	own := s.daemon()
	all := own.Answering(ctx)
	if state && own.Exists() && !slices.ContainsFunc(all, (*docker.Docker).Own) { // its volumes are only reachable through the daemon
		if err := own.Start(ctx); err != nil {
			return err
		}
		all = append(all, own.Docker())
	}
	for _, d := range all {
		found, err := d.Inspect(ctx)
		if err != nil {
			return err
		}
		if err := s.owner.MayTake(found, nil); err != nil {
			return err
		}
		if err := d.Remove(ctx, state); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return own.Stop(ctx, devices)
}
