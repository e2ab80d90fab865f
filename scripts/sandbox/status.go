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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	at, err := s.Load()
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
func (s *Sandbox) rows(ctx context.Context, at *Coordinates) []row {
	d := &docker{host: at.Env["DOCKER_HOST"]}
	found, inspectErr := d.inspect(ctx)
	engine, node := row{part: "engine", version: daggerVersion, address: at.Env[runnerHost]}, row{part: "node", version: "-", address: at.Kubeconfig}
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
		node.health = nodeReady(ctx, at.Kubeconfig, found[nodeName].State.StartedAt)
		if inspectErr != nil { // else a node that is not there would look well
			node.health = inspectErr
		}
	})
	group.Go(func() { node.version, components = inside(ctx, at.Kubeconfig) })
	group.Go(func() { ingress.health = askHTTP(ctx, "http://"+at.Ingress, 0) })
	group.Go(func() {
		registry.health = askHTTP(ctx, "http://"+at.Registry+"/v2/", http.StatusOK)
		if image := found[registryName].Config.Image; image != "" {
			registry.version = image
		}
	})
	group.Wait()
	return append(append([]row{engine, node}, components...), ingress, registry)
}

// inside returns the version of Kubernetes and a line for each part of the node
// that its API server knows. The node's container ends when any of its parts
// does, so those it does not list are as well as the node.
func inside(ctx context.Context, kubeconfig string) (version string, parts []row) {
	c, err := client(kubeconfig)
	if err != nil {
		return "-", nil
	}
	v, err := c.Discovery().ServerVersion()
	if err != nil {
		return "-", nil
	}
	list, err := c.CoreV1().ComponentStatuses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return v.GitVersion, nil
	}
	for _, component := range list.Items {
		r := row{part: "  " + component.Name, version: "-", address: "-"}
		for _, condition := range component.Conditions {
			if condition.Status != "True" {
				r.health = fmt.Errorf("%s", strings.TrimSpace(condition.Message+" "+condition.Error))
			}
		}
		parts = append(parts, r)
	}
	return v.GitVersion, parts
}
