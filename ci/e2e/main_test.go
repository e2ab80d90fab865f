package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// world is what all tests share: set by TestMain, only read afterwards.
type world struct {
	root    string // the module's folder
	program string // the built ci
	session string // ends the names of this process's namespaces

	variables []string // of the programs that are started, beside the tests' own

	Kubeconfig string            // the administrator's
	Image      string            // the registry's name in the sandbox
	Registry   string            // the same registry from this host
	Dial       map[string]string // host:port in the sandbox to host:port on this host
	Env        map[string]string // what leads to the engine

	config  *rest.Config
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	defined []string // CustomResourceDefinitions that were not there before
}

// toSandbox are the variables that lead a program to the sandbox's engine, Docker and registry.
func (w *world) toSandbox() (variables []string) {
	for name, value := range w.Env {
		variables = append(variables, name+"="+value)
	}
	return variables
}

var shared *world

// sandbox returns what the tests share, or skips the test.
func sandbox(t *testing.T) *world {
	t.Helper()
	if shared == nil {
		t.Skip("SLIPWAY_E2E is not set: end-to-end tests need the sandbox, `SLIPWAY_E2E=1 go test ./ci/e2e`")
	}
	leaveLongOnes(t)
	t.Parallel()
	return shared
}

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("SLIPWAY_E2E") == "" {
		os.Exit(m.Run())
	}
	// Runs wait for pods most of the time: more of them than there are cores.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("4")
	}
	folder, err := os.MkdirTemp("", "slipway-e2e-")
	if err == nil {
		shared, err = prepare(context.Background(), folder)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, "prepare end-to-end tests:", err)
	} else {
		code = m.Run()
		if err := errors.Join(shared.removeNamespaces(), shared.removeDefinitions()); err != nil {
			fmt.Fprintln(os.Stderr, "clean up after end-to-end tests:", err)
			code = 1
		}
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// prepare builds the program and starts the sandbox.
func prepare(ctx context.Context, folder string) (*world, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	w := &world{root: root, program: filepath.Join(folder, "ci"), session: strings.ToLower(rand.Text()[:5])}
	build := exec.CommandContext(ctx, "go", "build", "-o", w.program, "./ci")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, out)
	}
	// What the program itself calls, with the same words; `ci sandbox env` does not tell what to dial.
	up := exec.CommandContext(ctx, "go", "run", ".", "up", "--json")
	up.Dir, up.Stderr = filepath.Join(root, "scripts", "sandbox"), os.Stderr
	out, err := up.Output()
	if err != nil {
		return nil, fmt.Errorf("sandbox up: %w", err)
	}
	if err := json.Unmarshal(out, w); err != nil {
		return nil, fmt.Errorf("sandbox up: %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", w.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Timeout = -1, time.Minute
	if w.typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	w.config = config
	if w.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	return w, w.define(ctx)
}
