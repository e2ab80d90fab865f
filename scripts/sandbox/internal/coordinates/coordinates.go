// Package coordinates tells where the running sandbox is, from what Docker says, and
// keeps it for who asks later. It starts nothing, and does not know whether what is
// there serves.
package coordinates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
)

// The variable that names an engine to the Dagger SDK, and our engine in it.
const (
	RunnerHost = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"
	OwnEngine  = "docker-container://" + docker.Engine
)

// NamedEngine returns the engine that the environment names, unless it is ours:
// `sandbox env` prints the same variable.
func NamedEngine(host string) string {
	if host == OwnEngine {
		return ""
	}
	return host
}

// Coordinates tell where the running sandbox is; `ci` reads them as JSON.
type Coordinates struct {
	Kubeconfig string            `json:"kubeconfig"` // the administrator's
	Image      string            `json:"image"`      // where images go: the registry's name in the sandbox
	Registry   string            `json:"registry"`   // the same registry from this host
	Ingress    string            `json:"ingress"`    // the cluster's Ingress from this host
	Dial       map[string]string `json:"dial"`       // host:port in the sandbox to host:port on this host
	Env        map[string]string `json:"env"`        // what the Dagger SDK and the docker command need
}

func path(cache string) string { return filepath.Join(cache, "coordinates.json") }

func kubeconfig(cache string) string { return filepath.Join(cache, "kubeconfig") }

// Load returns what the last Up found; an error where there was none since the
// last Down.
func Load(cache string) (*Coordinates, error) {
	text, err := os.ReadFile(path(cache))
	if err != nil {
		return nil, errors.New("the sandbox is not up: `sandbox up` starts it")
	}
	var at Coordinates
	return &at, json.Unmarshal(text, &at)
}

// Save keeps them for Load.
func (c *Coordinates) Save(cache string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path(cache), text)
}

// Forget has Load find none.
func Forget(cache string) { _ = os.Remove(path(cache)) }

// SaveKubeconfig keeps the administrator's where Read says that it is.
func SaveKubeconfig(cache string, text []byte) error { return writeFile(kubeconfig(cache), text) }

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
	for _, name := range []string{"DOCKER_HOST", RunnerHost, "_EXPERIMENTAL_DAGGER_CLI_BIN"} {
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

// Read reads them, and where the cluster's API is, from docker inspect. An engine
// of the user's is not among them.
func Read(cache string, found map[string]docker.Inspected, host, cli string, ownEngine bool) (at *Coordinates, api string, err error) {
	api, err1 := found[docker.Node].Port("6443")
	ingress, err2 := found[docker.Node].Port("80")
	registry, err3 := found[docker.Registry].Port("5000")
	at = &Coordinates{
		Kubeconfig: kubeconfig(cache), Image: docker.RegistryHost, Registry: registry, Ingress: ingress,
		Dial: map[string]string{
			docker.RegistryHost: registry,
			found[docker.Node].NetworkSettings.Networks[docker.Network].IPAddress + ":80": ingress,
		},
		Env: map[string]string{},
	}
	if ownEngine {
		at.Env[RunnerHost] = OwnEngine
	}
	if host != "" {
		at.Env["DOCKER_HOST"] = host
	}
	if cli != "" {
		at.Env["_EXPERIMENTAL_DAGGER_CLI_BIN"] = cli
	}
	return at, api, errors.Join(err1, err2, err3)
}
