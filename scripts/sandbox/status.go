package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/cluster"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
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
	questions := s.questions(d, at, found)
	answers := make([]error, len(questions))
	var group sync.WaitGroup
	for i, q := range questions {
		group.Go(func() { answers[i] = q.ask(ctx) })
	}
	version, components := "-", []cluster.Component(nil)
	group.Go(func() { version, components = cluster.Components(ctx, at.Kubeconfig) })
	group.Wait()

	health := map[string]error{}
	for i, q := range questions {
		health[q.part] = answers[i]
	}
	if inspectErr != nil { // else a node that is not there would look well
		health["node"] = inspectErr
	}
	engine := row{"engine", plan.DaggerVersion, at.Env[coordinates.RunnerHost], health["engine"]}
	if s.engine != "" {
		engine = row{part: "engine", version: "-", address: s.engine}
	}
	rows := []row{engine, {"node", version, at.Kubeconfig, health["node"]}}
	for _, c := range components {
		rows = append(rows, row{"  " + c.Name, "-", "-", c.Health})
	}
	registry := cmp.Or(found[docker.Registry].Config.Image, "-")
	return append(rows, row{"ingress", "-", at.Ingress, health["ingress"]}, row{"registry", registry, at.Registry, health["registry"]})
}
