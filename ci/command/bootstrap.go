package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// account is the ServiceAccount that pipelines act as: one in the build namespace, and
// another of the same name in production's.
const account = "slipway"

type bootstrapCommand struct {
	Print bool `help:"Write the YAML for review instead of applying it."`
}

// Run applies what an administrator gives a pipeline once.
func (c *bootstrapCommand) Run(ctx context.Context, f *flags) error {
	objects, err := f.bootstrapObjects()
	if err != nil {
		return err
	}
	if c.Print {
		text, err := manifest.YAML(objects)
		if err != nil {
			return err
		}
		_, err = f.host.screen().Out.Write(text)
		return err
	}
	kubeconfig := f.Kubeconfig
	if kubeconfig == "" {
		at, err := sandboxUp(ctx)
		if err != nil {
			return err
		}
		kubeconfig = at.Kubeconfig
	}
	admin, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: kubeconfig, Context: f.Context, UserAgent: "slipway-bootstrap"})
	if err != nil {
		return err
	}
	changes, err := admin.Apply(ctx, objects, cluster.ApplyOptions{})
	for _, change := range changes {
		fmt.Fprintf(f.host.screen().Out, "%-10s %s %s/%s\n", change.Action, change.Kind, change.Namespace, change.Name)
	}
	return err
}

// bootstrapObjects renders both namespaces.
func (f *flags) bootstrapObjects() ([]*unstructured.Unstructured, error) {
	tree, err := f.tree()
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for _, part := range []struct{ folder, namespace string }{{"build", f.BuildNamespace}, {"production", f.Namespace}} {
		objects, err := manifest.Render(tree, f.app.Namespaces+"/"+part.folder, manifest.Layer{
			Namespace:  part.namespace,
			Labels:     map[string]string{"app.kubernetes.io/name": f.app.Name, cluster.LabelManagedBy: cluster.FieldManager},
			Components: f.app.Bootstrap,
			Values:     map[string]string{"namespace": f.Namespace, "buildNamespace": f.BuildNamespace},
		})
		if err != nil {
			return nil, pipeline.Usage("--source: %w", err)
		}
		all = append(all, objects...)
	}
	return all, nil
}

const (
	tokenLifetime = 24 * time.Hour
	tokenRenewal  = 12 * time.Hour // a run must not outlive the token it began with
)

// sandboxAccount bootstraps the sandbox's cluster where needed and returns the
// path of a kubeconfig with the rights of a namespace's service account. The file's
// name holds what it was made from, so that it is made again when that changes.
func (f *flags) sandboxAccount(ctx context.Context, at *sandbox, namespace string) (string, error) {
	objects, err := f.bootstrapObjects()
	if err != nil {
		return "", err
	}
	text, err := manifest.YAML(objects)
	if err != nil {
		return "", err
	}
	administrator, err := os.ReadFile(at.Kubeconfig)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(text, administrator...))
	path := filepath.Join(filepath.Dir(at.Kubeconfig), "account-"+namespace+"-"+hex.EncodeToString(sum[:8]))
	if made, err := os.Stat(path); err == nil && time.Since(made.ModTime()) < tokenRenewal {
		// Somebody may have removed the account meanwhile.
		if _, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: path, UserAgent: "slipway-bootstrap"}); err == nil {
			return path, nil
		}
	}
	admin, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: at.Kubeconfig, UserAgent: "slipway-bootstrap"})
	if err != nil {
		return "", err
	}
	if _, err := admin.Apply(ctx, objects, cluster.ApplyOptions{}); err != nil {
		return "", fmt.Errorf("bootstrap the sandbox: %w", err)
	}
	kubeconfig, err := admin.AccountKubeconfig(ctx, namespace, account, tokenLifetime)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path+".new", kubeconfig, 0o600); err != nil {
		return "", err
	}
	return path, os.Rename(path+".new", path)
}
