package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/bootstrap"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/manifest"
)

type bootstrapCommand struct {
	Harden      bool          `help:"Give namespaces that were there before bootstrap what new ones get, too: quota, limits, network policies, Pod Security labels."`
	Print       bool          `help:"Write the YAML for review instead of applying it; with --kubeconfig only what that cluster lacks."`
	Credentials string        `help:"Also write a kubeconfig for each service account: build.conf and production.conf in this folder." placeholder:"DIR"`
	Lifetime    time.Duration `default:"2160h" help:"How long the credentials are valid; the cluster may shorten it."`
}

// Run applies what an administrator sets up once for the pipeline.
func (c *bootstrapCommand) Run(ctx context.Context, f *flags) error {
	objects, err := f.bootstrapObjects(ctx)
	if err != nil {
		return err
	}
	if c.Print && f.Kubeconfig == "" {
		return f.print(objects)
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
	options := apply.Options{TakeOver: f.TakeOver, Leave: f.Leave}
	var spared []*unstructured.Unstructured
	if !c.Harden {
		if objects, spared, err = bootstrap.Spare(ctx, admin, objects); err != nil {
			return err
		}
	}
	if f.app.Namespaces == "" {
		if err := bootstrap.Keep(ctx, admin, objects); err != nil {
			return err
		}
	}
	if c.Print {
		if objects, err = bootstrap.Lacking(ctx, admin, objects, options); err != nil {
			return err
		}
		return f.print(objects)
	}
	if err := f.install(ctx, admin, objects, options, f.host.screen().Out); err != nil {
		return err
	}
	for _, object := range spared {
		fmt.Fprintf(f.host.screen().Out, "%-10s %s: its namespace was there before bootstrap; --harden applies it, too\n", "left out", managed.Describe(object))
	}
	return c.handOut(ctx, f, admin)
}

func (f *flags) print(objects []*unstructured.Unstructured) error {
	text, err := manifest.YAML(objects)
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		text = []byte("# the cluster has all of it\n")
	}
	_, err = f.host.screen().Out.Write(text)
	return err
}

// install applies what bootstrap makes, revokes rights that an earlier version of it
// granted, and returns when the API server enforces both. Each step is a line of out.
func (f *flags) install(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured, options apply.Options, out io.Writer) error {
	former, err := account.FormerRights(ctx, admin, f.BuildNamespace, f.Namespace)
	if err != nil {
		return err
	}
	changes, err := apply.Apply(ctx, admin, objects, options)
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
		return exit.Usagef("--credentials: %w", err)
	}
	for _, part := range []struct{ file, namespace string }{{"build.conf", f.BuildNamespace}, {"production.conf", f.Namespace}} {
		kubeconfig, until, err := account.AccountKubeconfig(ctx, admin, part.namespace, c.Lifetime)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Credentials, part.file)
		if err := writeSecret(path, kubeconfig); err != nil {
			return exit.Usagef("--credentials: %w", err)
		}
		fmt.Fprintf(out, "%-10s %s, valid until %s\n", "wrote", path, until.UTC().Format(time.RFC3339))
	}
	return nil
}
