package main

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/cluster"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/flavour"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/ready"
)

// healthPatience is for parts that are slow because the machine is busy: one that
// is gone refuses at once.
const healthPatience = 10 * time.Second

// question asks a part whether it serves; container is where to look if not.
type question struct {
	part, container string
	ask             func(ctx context.Context) error
}

// questions are those whose answers together mean that the sandbox is up.
func (s *Sandbox) questions(d *docker.Docker, at *coordinates.Coordinates, found map[string]docker.Inspected) []question {
	all := []question{
		{"registry", docker.Registry, func(ctx context.Context) error { return ready.HTTP(ctx, "http://"+at.Registry+"/v2/", http.StatusOK) }},
		{"node", docker.Node, func(ctx context.Context) error {
			return cluster.NodeReady(ctx, at.Kubeconfig, found[docker.Node].State.StartedAt)
		}},
		{"ingress", docker.Node, func(ctx context.Context) error { return ready.HTTP(ctx, "http://"+at.Ingress, 0) }},
	}
	if s.engine == "" {
		all = append(all, question{"engine", docker.Engine, func(ctx context.Context) error { return engineReady(ctx, d) }})
	}
	return all
}

// healthy returns the coordinates of the last Up if that still runs, is made
// from what this clone holds and serves, else nil. It makes `up` quick.
func (s *Sandbox) healthy(ctx context.Context) *coordinates.Coordinates {
	at, err := coordinates.Load(s.cache)
	if err != nil || at.Env[coordinates.RunnerHost] == "" && s.engine == "" { // one of our own beside a named one does no harm
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	d := &docker.Docker{Host: at.Env["DOCKER_HOST"]}
	found, err := d.Inspect(ctx)
	if err != nil || s.owner.MayTake(found, nil) != nil || !s.current(found) {
		return nil
	}
	group, gctx := errgroup.WithContext(ctx)
	for _, q := range s.questions(d, at, found) {
		group.Go(func() error { return q.ask(gctx) })
	}
	if d.Own() {
		group.Go(host.IsOpen)
	}
	if group.Wait() != nil {
		return nil
	}
	return at
}

// current tells whether the containers run and are what this clone would make,
// in either flavour.
func (s *Sandbox) current(found map[string]docker.Inspected) bool {
	same := func(f *flavour.Flavour, err error) bool {
		if err != nil {
			return false
		}
		for _, c := range s.containers(f) {
			if !c.Same(found[c.Name]) {
				return false
			}
		}
		return true
	}
	if b, err := s.newBuild(); err == nil && same(flavour.Built(b)) {
		return true
	}
	return same(flavour.Published(s.images))
}

func engineReady(ctx context.Context, d *docker.Docker) error {
	_, err := d.Run(ctx, "exec", docker.Engine, "test", "-S", "/run/dagger/engine.sock")
	return err
}
