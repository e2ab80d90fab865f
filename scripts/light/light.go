// Package light runs a real control plane with fake nodes as processes of this
// host: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok,
// which plays the kubelets. It needs neither root nor Docker, is ready within
// seconds and goes away with the program that started it.
//
// Pods on fake nodes become ready at once and hold no container: what looks at
// images, logs or ports needs the sandbox.
package light

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// startLimit is many times what a start takes on a busy machine.
const startLimit = 2 * time.Minute

// Cluster is a running control plane.
type Cluster struct {
	Kubeconfig string       // the administrator's
	AuditLog   string       // a line of JSON (audit.k8s.io/v1 Event) per stage of each request, without contents
	Config     *rest.Config // the administrator's, without a limit of requests

	folder    string
	locked    *os.File
	programs  Programs
	ports     ports
	processes *processes
	client    kubernetes.Interface
}

// Start returns when pods can be run. The error names the process that ended,
// with the last lines it logged; nothing is left running then. A cancelled ctx
// ends the start, not the cluster: that is Stop.
func Start(ctx context.Context, programs Programs) (*Cluster, error) {
	folder, locked, err := newFolder()
	if err != nil {
		return nil, fmt.Errorf("start the light tier: %w", err)
	}
	c := &Cluster{
		Kubeconfig: filepath.Join(folder, "admin.conf"), AuditLog: filepath.Join(folder, "audit.log"),
		folder: folder, locked: locked, programs: programs, processes: newProcesses(folder),
	}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, fmt.Errorf("start the light tier: %w", err)
	}
	return c, nil
}

// Stop kills every process and removes all state.
func (c *Cluster) Stop() {
	c.processes.stop()
	_ = os.RemoveAll(c.folder)
	_ = c.locked.Close()
}

// Restart kills the API server and starts it again when it was away for so long,
// or at once when ctx ends. It returns without waiting for it to serve.
func (c *Cluster) Restart(ctx context.Context, away time.Duration) error {
	server := c.apiserver()
	if err := c.processes.kill(server.name); err != nil {
		return fmt.Errorf("restart the API server: %w", err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(away):
	}
	return c.run(server)
}

func (c *Cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ctx, release := c.processes.watch(ctx)
	defer release()
	err := c.bringUp(ctx)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return err
}

func (c *Cluster) bringUp(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return err
	}
	if err := c.run(c.etcd(), c.apiserver()); err != nil {
		return err
	}
	if err := until(ctx, c.serving); err != nil {
		return err
	}
	if err := c.run(c.controllers(), c.scheduler(), c.kwok()); err != nil {
		return err
	}
	if err := c.createNodes(ctx); err != nil {
		return err
	}
	return until(ctx, c.ready)
}

// prepare writes what the processes read and makes the client.
func (c *Cluster) prepare() (err error) {
	if c.ports, err = freePorts(); err != nil {
		return err
	}
	server := fmt.Sprintf("https://127.0.0.1:%d", c.ports.apiserver)
	if c.Config, err = writeKeys(c.folder, server); err != nil {
		return err
	}
	for name, text := range map[string][]byte{"stages.yaml": stages, "audit.yaml": auditPolicy} {
		if err := os.WriteFile(filepath.Join(c.folder, name), text, 0o600); err != nil {
			return err
		}
	}
	c.Config.QPS = -1
	c.client, err = kubernetes.NewForConfig(c.Config)
	return err
}

func (c *Cluster) run(components ...component) error {
	for _, it := range components {
		if err := c.processes.start(it.name, it.program, it.args); err != nil {
			return err
		}
	}
	return nil
}
