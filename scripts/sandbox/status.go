package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/cluster"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/ready"
)

// row is one part's line in the status.
type row struct {
	part, version, address string
	health                 error
}

// Status prints a line for each part to out: its version, whether it serves and
// where it is. It changes nothing.
func (s *Sandbox) Status(ctx context.Context, out io.Writer) error {
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PART\tVERSION\tHEALTH\tADDRESS")
	at, err := coordinates.Load(s.cache)
	if err != nil {
		for _, part := range []string{"engine", "node", "registry"} {
			if part == "engine" && s.engine != "" {
				fmt.Fprintf(table, "engine\t-\tyours\t%s\n", s.engine)
				continue
			}
			fmt.Fprintf(table, "%s\t-\tdown\t-\n", part)
		}
		return table.Flush()
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, r := range s.rows(ctx, at) {
		health := "well"
		if r.health != nil {
			health = "not well: " + strings.ReplaceAll(r.health.Error(), "\n", " ")
		}
		if r.part == "engine" && s.engine != "" {
			health = "yours"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.part, r.version, health, r.address)
	}
	return table.Flush()
}

// rows asks all parts side by side, so that one that hangs hides no other.
func (s *Sandbox) rows(ctx context.Context, at *coordinates.Coordinates) []row {
	d := &docker.Docker{Host: at.Env["DOCKER_HOST"]}
	found, inspectErr := d.Inspect(ctx)
	engine, node := row{part: "engine", version: plan.DaggerVersion, address: at.Env[coordinates.RunnerHost]}, row{part: "node", version: "-", address: at.Kubeconfig}
	registry, ingress := row{part: "registry", version: "-", address: at.Registry}, row{part: "ingress", version: "-", address: at.Ingress}
	if s.engine != "" {
		engine = row{part: "engine", version: "-", address: s.engine}
	}
	var components []row
	var group sync.WaitGroup
	if s.engine == "" {
		group.Go(func() { engine.health = engineReady(ctx, d) })
	}
	group.Go(func() {
		node.health = cluster.NodeReady(ctx, at.Kubeconfig, found[docker.Node].State.StartedAt)
		if inspectErr != nil { // else a node that is not there would look well
			node.health = inspectErr
		}
	})
	group.Go(func() {
		var inside []cluster.Component
		node.version, inside = cluster.Components(ctx, at.Kubeconfig)
		for _, c := range inside {
			components = append(components, row{part: "  " + c.Name, version: "-", address: "-", health: c.Health})
		}
	})
	group.Go(func() { ingress.health = ready.HTTP(ctx, "http://"+at.Ingress, 0) })
	group.Go(func() {
		registry.health = ready.HTTP(ctx, "http://"+at.Registry+"/v2/", http.StatusOK)
		if image := found[docker.Registry].Config.Image; image != "" {
			registry.version = image
		}
	})
	group.Wait()
	return append(append([]row{engine, node}, components...), ingress, registry)
}
