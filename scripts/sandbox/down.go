package main

import (
	"context"
	"os"
)

// Down stops everything; with state, volumes go too. A Docker that was there
// before is left as it was, one that Up started is stopped.
func (s *Sandbox) Down(ctx context.Context, state bool) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	_ = os.Remove(s.statePath())
	devices := ownDevices()
	all := s.answering(ctx)
	if state && s.ownDockerExists() && !hasOwn(all) { // its volumes are only reachable through the daemon
		if err := s.startOwnDocker(ctx); err != nil {
			return err
		}
		all = append(all, s.ownDocker())
	}
	for _, d := range all {
		found, err := d.inspect(ctx)
		if err != nil {
			return err
		}
		if err := s.mayTake(found, nil); err != nil {
			return err
		}
		if err := d.remove(ctx, state); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.stopOwnDocker(ctx, devices)
}
