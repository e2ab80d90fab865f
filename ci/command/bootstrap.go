package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

type bootstrapCommand struct {
	Print       bool          `help:"Write the YAML for review instead of applying it."`
	Credentials string        `help:"Also write a kubeconfig for each service account: build.conf and production.conf in this folder." placeholder:"DIR"`
	Lifetime    time.Duration `default:"2160h" help:"How long the credentials are valid; the cluster may shorten it."`
}

// Run applies what an administrator sets up once for the pipeline.
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
	if err := f.install(ctx, admin, objects, f.host.screen().Out); err != nil {
		return err
	}
	return c.handOut(ctx, f, admin)
}

// install applies what bootstrap makes, revokes rights that an earlier version of it
// granted, and returns when the API server enforces both. Each step is a line of out.
func (f *flags) install(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured, out io.Writer) error {
	former, err := account.FormerRights(ctx, admin, f.BuildNamespace, f.Namespace)
	if err != nil {
		return err
	}
	changes, err := apply.Apply(ctx, admin, objects, apply.Options{})
	for _, change := range changes {
		fmt.Fprintf(out, "%-10s %s\n", change.Action, change)
	}
	if err != nil {
		return err
	}
	revoked, err := account.Revoke(ctx, admin, former)
	for _, right := range revoked {
		fmt.Fprintf(out, "%-10s %s: it gave %s\n", "revoked", right.Object, right.Gives)
	}
	if err != nil {
		return err
	}
	for _, namespace := range []string{f.BuildNamespace, f.Namespace} {
		if err := account.AwaitGuard(ctx, admin, namespace); err != nil {
			return err
		}
	}
	return account.CheckApart(ctx, admin, f.BuildNamespace, f.Namespace)
}

// handOut tells which credentials go where, and writes them with --credentials.
func (c *bootstrapCommand) handOut(ctx context.Context, f *flags, admin *cluster.Cluster) error {
	out := f.host.screen().Out
	fmt.Fprintf(out, "\nThe credentials of each account are a kubeconfig with its token. Set them in CI:\n"+
		"  %-15s  of ServiceAccount %s/%s as SLIPWAY_KUBECONFIG: the only one that pull requests get\n"+
		"  %-15s  of ServiceAccount %s/%s as SLIPWAY_PRODUCTION_KUBECONFIG: for the protected branch only\n",
		"build.conf", f.BuildNamespace, account.Account, "production.conf", f.Namespace, account.Account)
	if c.Credentials == "" {
		fmt.Fprintln(out, "`bootstrap --credentials DIR` writes both.")
		return nil
	}
	if err := os.MkdirAll(c.Credentials, 0o700); err != nil {
		return pipeline.Usage("--credentials: %w", err)
	}
	for _, part := range []struct{ file, namespace string }{{"build.conf", f.BuildNamespace}, {"production.conf", f.Namespace}} {
		kubeconfig, until, err := account.AccountKubeconfig(ctx, admin, part.namespace, c.Lifetime)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Credentials, part.file)
		if err := writeSecret(path, kubeconfig); err != nil {
			return pipeline.Usage("--credentials: %w", err)
		}
		fmt.Fprintf(out, "%-10s %s, valid until %s\n", "wrote", path, until.UTC().Format(time.RFC3339))
	}
	return nil
}

// bootstrapObjects renders both namespaces and adds the policies that guard their accounts.
func (f *flags) bootstrapObjects() ([]*unstructured.Unstructured, error) {
	tree, err := f.tree()
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	labels := map[string]string{"app.kubernetes.io/name": f.app.Name, managed.LabelManagedBy: managed.FieldManager}
	for _, part := range []struct{ folder, namespace string }{{"build", f.BuildNamespace}, {"production", f.Namespace}} {
		objects, err := manifest.Render(tree, f.app.Namespaces+"/"+part.folder, manifest.Layer{
			Namespace:  part.namespace,
			Labels:     labels,
			Components: f.app.Bootstrap,
			Values:     map[string]string{"namespace": f.Namespace, "buildNamespace": f.BuildNamespace},
		})
		if err != nil {
			return nil, pipeline.Usage("--source: %w", err)
		}
		if err := account.CheckAccount(objects, part.namespace); err != nil {
			return nil, pipeline.Usage("--source: %s/%s: %w", f.app.Namespaces, part.folder, err)
		}
		guard, err := account.Guard(part.namespace, labels)
		if err != nil {
			return nil, err
		}
		all = append(append(all, objects...), guard...)
	}
	return all, nil
}
