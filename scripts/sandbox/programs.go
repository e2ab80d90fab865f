package main

import (
	"context"
	"path/filepath"
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
	if err := b.EnsurePrograms(ctx, "node", s.lock); err != nil { // which up builds, too
		return nil, err
	}
	lockLight := func() (func(), error) { return s.lockFile("light.lock", "the light programs") }
	return at, b.EnsurePrograms(ctx, "light", lockLight)
}
