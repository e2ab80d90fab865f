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

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// The variable that names an engine to the Dagger SDK, and our engine in it.
const (
	runnerHost = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"
	ownEngine  = "docker-container://" + engineName
)

// Coordinates tell where the running sandbox is; `ci` reads them as JSON.
type Coordinates struct {
	Kubeconfig string            `json:"kubeconfig"` // the administrator's
	Image      string            `json:"image"`      // where images go: the registry's name in the sandbox
	Registry   string            `json:"registry"`   // the same registry from this host
	Ingress    string            `json:"ingress"`    // the cluster's Ingress from this host
	Dial       map[string]string `json:"dial"`       // host:port in the sandbox to host:port on this host
	Env        map[string]string `json:"env"`        // what the Dagger SDK and the docker command need
}

func (s *Sandbox) statePath() string      { return filepath.Join(s.cache, "coordinates.json") }
func (s *Sandbox) kubeconfigPath() string { return filepath.Join(s.cache, "kubeconfig") }

// Load returns what the last Up found; an error where there was none since the
// last Down.
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

// WriteEnv prints export lines for a shell to out; kubectl is where the sandbox's
// own lies once it is built.
func (c *Coordinates) WriteEnv(out io.Writer, kubectl string) error {
	lines := []string{export("KUBECONFIG", c.Kubeconfig), export("SLIPWAY_SANDBOX_REGISTRY", c.Registry)}
	for _, name := range []string{"DOCKER_HOST", runnerHost, "_EXPERIMENTAL_DAGGER_CLI_BIN"} {
		if value, ok := c.Env[name]; ok {
			lines = append(lines, export(name, value))
		}
	}
	if _, err := os.Stat(kubectl); err == nil {
		lines = append(lines, export("PATH", filepath.Dir(kubectl))+`:"$PATH"`)
	} else { // the last line: a shell that is given all in one takes the rest for the comment
		lines = append(lines, "# PATH is as it was: no kubectl is built yet; `go run . programs` in scripts/sandbox builds one")
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

func export(name, value string) string {
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// locate reads where the containers listen, writes the kubeconfig and keeps both.
func (s *Sandbox) locate(ctx context.Context, d *docker, f *flavour, patience map[string]time.Duration) (*Coordinates, error) {
	found, err := d.inspect(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range s.containers(f) {
		if !found[c.name].running() {
			return nil, fmt.Errorf("%s %w; `docker logs %s` may tell why", c.name, errEnded, c.name)
		}
	}
	at, api, err := s.coordinates(found, d.host, f.cli)
	if err != nil {
		return nil, err
	}
	if err := s.writeKubeconfig(ctx, d, f, "https://"+api, patience[nodeName]); err != nil {
		return nil, err
	}
	return at, s.save(at) // before all is well, for `status` to tell what is not
}

// coordinates reads them, and where the cluster's API is, from docker inspect.
func (s *Sandbox) coordinates(found map[string]inspected, host, cli string) (at *Coordinates, api string, err error) {
	api, err1 := found[nodeName].port("6443")
	ingress, err2 := found[nodeName].port("80")
	registry, err3 := found[registryName].port("5000")
	at = &Coordinates{
		Kubeconfig: s.kubeconfigPath(), Image: registryHost, Registry: registry, Ingress: ingress,
		Dial: map[string]string{
			registryHost: registry,
			found[nodeName].NetworkSettings.Networks[network].IPAddress + ":80": ingress,
		},
		Env: map[string]string{},
	}
	if s.engine == "" {
		at.Env[runnerHost] = ownEngine
	}
	if host != "" {
		at.Env["DOCKER_HOST"] = host
	}
	if cli != "" {
		at.Env["_EXPERIMENTAL_DAGGER_CLI_BIN"] = cli
	}
	return at, api, errors.Join(err1, err2, err3)
}

// writeKubeconfig waits for the node to have made the administrator's
// kubeconfig and points it at the published port.
func (s *Sandbox) writeKubeconfig(ctx context.Context, d *docker, f *flavour, server string, patience time.Duration) error {
	var config *clientcmdapi.Config
	if stuck := until(ctx, nodeName, patience, func(ctx context.Context) error {
		text, err := d.run(ctx, "exec", nodeName, "cat", f.kubeconfig)
		if err != nil {
			return err
		}
		if config, err = clientcmd.Load([]byte(text)); err != nil {
			return fmt.Errorf("read kubeconfig: %w", err)
		}
		return clientcmd.ConfirmUsable(*config, "") // it may have been read while it was written
	}); stuck != nil {
		return stuck
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
