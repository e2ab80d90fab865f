package main

import (
	"context"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/cluster"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/flavour"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/ready"
)

// locate reads where the containers listen, writes the kubeconfig and keeps both.
func (s *Sandbox) locate(ctx context.Context, d *docker.Docker, f *flavour.Flavour, patience map[string]time.Duration) (*coordinates.Coordinates, error) {
	found, err := d.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range s.containers(f) {
		if !found[c.Name].Running() {
			return nil, ended(c.Name)
		}
	}
	at, api, err := coordinates.Read(s.cache, found, d.Host, f.CLI, s.engine == "")
	if err != nil {
		return nil, err
	}
	if err := s.writeKubeconfig(ctx, d, f, "https://"+api, patience[docker.Node]); err != nil {
		return nil, err
	}
	return at, at.Save(s.cache) // before all is well, for `status` to tell what is not
}

// writeKubeconfig waits for the node to have made the administrator's
// kubeconfig and points it at the published port.
func (s *Sandbox) writeKubeconfig(ctx context.Context, d *docker.Docker, f *flavour.Flavour, server string, patience time.Duration) error {
	var kubeconfig []byte
	if stuck := ready.Until(ctx, docker.Node, patience, func(ctx context.Context) error {
		text, err := d.Run(ctx, "exec", docker.Node, "cat", f.Kubeconfig)
		if err != nil {
			return err
		}
		kubeconfig, err = cluster.Kubeconfig(text, server)
		return err
	}); stuck != nil {
		return stuck
	}
	return coordinates.SaveKubeconfig(s.cache, kubeconfig)
}
