package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/clientcmd"
)

// Coordinates tell where the running sandbox is; `ci` reads them as JSON.
type Coordinates struct {
	Kubeconfig string            `json:"kubeconfig"` // the administrator's
	Image      string            `json:"image"`      // where images go: the registry's name in the sandbox
	Registry   string            `json:"registry"`   // the same registry from this host
	Dial       map[string]string `json:"dial"`       // host:port in the sandbox to host:port on this host
	Env        map[string]string `json:"env"`        // what the Dagger SDK and the docker command need
}

func (s *Sandbox) statePath() string      { return filepath.Join(s.cache, "coordinates.json") }
func (s *Sandbox) kubeconfigPath() string { return filepath.Join(s.cache, "kubeconfig") }

// Load returns what the last Up found.
func (s *Sandbox) Load() (*Coordinates, error) {
	text, err := os.ReadFile(s.statePath())
	if err != nil {
		return nil, errors.New("the sandbox is not up: run `go run ./ci sandbox up`")
	}
	var at Coordinates
	return &at, json.Unmarshal(text, &at)
}

func (s *Sandbox) save(at *Coordinates) error {
	text, err := json.MarshalIndent(at, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.statePath(), text)
}

// writeFile replaces a file whole, readable by its owner alone.
func writeFile(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// WriteEnv prints export lines for a shell.
func (c *Coordinates) WriteEnv(out io.Writer) error {
	lines := []string{"export KUBECONFIG='" + c.Kubeconfig + "'", "export SLIPWAY_SANDBOX_REGISTRY='" + c.Registry + "'"}
	for _, name := range []string{"DOCKER_HOST", "_EXPERIMENTAL_DAGGER_RUNNER_HOST", "_EXPERIMENTAL_DAGGER_CLI_BIN"} {
		if value, ok := c.Env[name]; ok {
			lines = append(lines, "export "+name+"='"+value+"'")
		}
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

// locate reads where the containers listen and writes the kubeconfig.
func (s *Sandbox) locate(ctx context.Context, d *docker, f *flavour) (*Coordinates, error) {
	found, err := d.inspect(ctx, engineName, nodeName, registryName)
	if err != nil {
		return nil, err
	}
	port := func(name, inside string) (string, error) {
		bound := found[name].NetworkSettings.Ports[inside+"/tcp"]
		if len(bound) == 0 {
			return "", fmt.Errorf("%s does not publish port %s", name, inside)
		}
		return bound[0].HostIp + ":" + bound[0].HostPort, nil
	}
	api, err1 := port(nodeName, "6443")
	ingress, err2 := port(nodeName, "80")
	registry, err3 := port(registryName, "5000")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if err := s.writeKubeconfig(ctx, d, f, "https://"+api); err != nil {
		return nil, err
	}
	at := &Coordinates{
		Kubeconfig: s.kubeconfigPath(), Image: registryHost, Registry: registry,
		Dial: map[string]string{
			registryHost: registry,
			found[nodeName].NetworkSettings.Networks[network].IPAddress + ":80": ingress,
		},
		Env: map[string]string{"_EXPERIMENTAL_DAGGER_RUNNER_HOST": "docker-container://" + engineName},
	}
	if d.host != "" {
		at.Env["DOCKER_HOST"] = d.host
	}
	if f.cli != "" {
		at.Env["_EXPERIMENTAL_DAGGER_CLI_BIN"] = f.cli
	}
	return at, nil
}

// writeKubeconfig waits for the node to have made the administrator's
// kubeconfig and points it at the published port.
func (s *Sandbox) writeKubeconfig(ctx context.Context, d *docker, f *flavour, server string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var text string
	for {
		var err error
		if text, err = d.run(ctx, "exec", nodeName, "cat", f.kubeconfig); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", nodeName, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	config, err := clientcmd.Load([]byte(text))
	if err != nil {
		return fmt.Errorf("%s: read kubeconfig: %w", nodeName, err)
	}
	for _, cluster := range config.Clusters {
		cluster.Server = server
	}
	out, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return writeFile(s.kubeconfigPath(), out)
}

// healthy asks all three parts, side by side; it is what makes `up` quick.
func (s *Sandbox) healthy(ctx context.Context, at *Coordinates) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return waitHTTP(gctx, "http://"+at.Registry+"/v2/") })
	group.Go(func() error { return nodeReady(gctx, at.Kubeconfig) })
	group.Go(func() error {
		d := &docker{host: at.Env["DOCKER_HOST"]}
		key, _ := d.labels(gctx, engineName)
		if key == "" || !s.current(key) {
			return errors.New("made from other images")
		}
		return engineReady(gctx, d)
	})
	return group.Wait() == nil
}

// current tells whether a container's key is what this clone would make.
func (s *Sandbox) current(key string) bool {
	if built, err := s.planBuild(); err == nil && key == built.imageKey {
		return true
	}
	f, err := publishedFlavour(s)
	return err == nil && key == f.key
}
