package main

import (
	"context"
	"path/filepath"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
)

// Programs builds, where they were not, the programs of a control plane with
// fake nodes, and returns where each lies, by name. It needs no Docker.
func (s *Sandbox) Programs(ctx context.Context) (map[string]string, error) {
	b, err := s.newBuild()
	if err != nil {
		return nil, err
	}
	at := map[string]string{
		"kube": filepath.Join(b.Programs("node"), "kube"),
		"kwok": filepath.Join(b.Programs("light"), "kwok"), "kubectl": b.Kubectl(),
	}
	for _, module := range []struct {
		name     string
		packages []string
		lock     func() (func(), error)
	}{
		{"node", plan.NodePrograms, s.lock}, // which up builds, too
		{"light", plan.LightPrograms, func() (func(), error) { return s.lockFile("light.lock", "the light programs") }},
	} {
		if err := b.EnsurePrograms(ctx, module.name, module.packages, module.lock); err != nil {
			return nil, err
		}
	}
	return at, nil
}
