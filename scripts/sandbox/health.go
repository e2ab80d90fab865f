package main

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// healthPatience is for parts that are slow because the machine is busy: one that
// is gone refuses at once.
const healthPatience = 10 * time.Second

// question asks a part whether it serves; container is where to look if not.
type question struct {
	container string
	ask       func(ctx context.Context) error
}

// questions are those whose answers together mean that the sandbox is up.
func (s *Sandbox) questions(d *docker, at *Coordinates, found map[string]inspected) []question {
	all := []question{
		{registryName, func(ctx context.Context) error { return askHTTP(ctx, "http://"+at.Registry+"/v2/", http.StatusOK) }},
		{nodeName, func(ctx context.Context) error { return nodeReady(ctx, at.Kubeconfig, found[nodeName].State.StartedAt) }},
		{nodeName, func(ctx context.Context) error { return askHTTP(ctx, "http://"+at.Ingress, 0) }},
	}
	if s.engine == "" {
		all = append(all, question{engineName, func(ctx context.Context) error { return engineReady(ctx, d) }})
	}
	return all
}

// healthy returns the coordinates of the last Up if that still runs, is made
// from what this clone holds and serves, else nil. It makes `up` quick.
func (s *Sandbox) healthy(ctx context.Context) *Coordinates {
	at, err := s.Load()
	if err != nil || (at.Env[runnerHost] == "") != (s.engine != "") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	d := &docker{host: at.Env["DOCKER_HOST"]}
	found, err := d.inspect(ctx)
	if err != nil || !s.current(found) {
		return nil
	}
	group, gctx := errgroup.WithContext(ctx)
	for _, q := range s.questions(d, at, found) {
		group.Go(func() error { return q.ask(gctx) })
	}
	if d.host == ownSocket {
		group.Go(hostOpen)
	}
	if group.Wait() != nil {
		return nil
	}
	return at
}

// current tells whether the containers run and are what this clone would make,
// in either flavour.
func (s *Sandbox) current(found map[string]inspected) bool {
	same := func(f *flavour, err error) bool {
		if err != nil {
			return false
		}
		for _, c := range s.containers(f) {
			if !c.same(found[c.name]) {
				return false
			}
		}
		return s.mayTake(found, nil) == nil
	}
	if b, err := s.newBuild(); err == nil && same(s.builtFlavour(b)) {
		return true
	}
	return same(s.publishedFlavour())
}
