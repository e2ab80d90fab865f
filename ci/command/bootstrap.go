package command

import (
	"context"
	"fmt"
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
	Credentials string        `help:"Also write a kubeconfig for each service account: build.conf and production.conf, or one for each environment, in this folder." placeholder:"DIR"`
	Lifetime    time.Duration `default:"2160h" help:"How long the credentials are valid; the cluster may shorten it."`
}

// Run applies what an administrator sets up once for the pipeline.
func (c *bootstrapCommand) Run(ctx context.Context, f *flags) error {
	parts, err := f.parts()
	if err != nil {
		return err
	}
	if c.Print && f.Kubeconfig == "" {
		var all []*unstructured.Unstructured
		for _, p := range parts {
			objects, err := p.bootstrapObjects(ctx, p.without)
			if err != nil {
				return err
			}
			all = append(all, objects...)
		}
		return f.print(all)
	}
	for _, p := range parts {
		if err := c.make(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// make applies one part in its cluster.
func (c *bootstrapCommand) make(ctx context.Context, p part) error {
	objects, err := p.bootstrapObjects(ctx, p.without)
	if err != nil {
		return err
	}
	if p.kubeconfig == "" {
		at, err := p.sandboxUp(ctx)
		if err != nil {
			return err
		}
		p.kubeconfig = at.Kubeconfig
	}
	admin, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: p.kubeconfig, Context: p.context, UserAgent: "slipway-bootstrap"})
	if err != nil {
		return err
	}
	options := apply.Options{TakeOver: p.TakeOver, Leave: p.Leave}
	var spared []*unstructured.Unstructured
	if !c.Harden {
		if objects, spared, err = bootstrap.Spare(ctx, admin, objects); err != nil {
			return err
		}
	}
	if p.app.Namespaces == "" {
		if err := bootstrap.Keep(ctx, admin, objects); err != nil {
			return err
		}
	}
	if c.Print {
		if objects, err = bootstrap.Lacking(ctx, admin, objects, options); err != nil {
			return err
		}
		return p.print(objects)
	}
	out := p.host.screen().Out
	if err := bootstrap.Install(ctx, admin, objects, options, p.namespaces(), out); err != nil {
		return err
	}
	for _, object := range spared {
		fmt.Fprintf(out, "%-10s %s: its namespace was there before bootstrap; --harden applies it, too\n", "left out", managed.Describe(object))
	}
	return c.handOut(ctx, p, admin)
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

// handedOut is an account whose credentials are handed out.
type handedOut struct{ file, namespace, as string }

// accounts are those of the part.
func (p part) accounts() []handedOut {
	build := handedOut{"build.conf", p.BuildNamespace, "SLIPWAY_KUBECONFIG: the only one that pull requests get"}
	switch p.without {
	case "":
		return []handedOut{build, {"production.conf", p.Namespace, "SLIPWAY_PRODUCTION_KUBECONFIG: for the protected branch only"}}
	case bootstrap.Production:
		return []handedOut{build}
	}
	return []handedOut{{p.at + ".conf", p.Namespace, "a file for --environment-kubeconfig " + p.at + "=FILE: for the protected branch only"}}
}

// handOut tells which credentials go where, and writes them with --credentials.
func (c *bootstrapCommand) handOut(ctx context.Context, p part, admin *cluster.Cluster) error {
	out := p.host.screen().Out
	fmt.Fprint(out, "\nThe credentials of each account are a kubeconfig with its token. Set them in CI:\n")
	for _, of := range p.accounts() {
		fmt.Fprintf(out, "  %-15s  of ServiceAccount %s/%s as %s\n", of.file, of.namespace, account.Account, of.as)
	}
	if c.Credentials == "" {
		fmt.Fprintln(out, "`bootstrap --credentials DIR` writes them.")
		return nil
	}
	if err := os.MkdirAll(c.Credentials, 0o700); err != nil {
		return exit.Usagef("--credentials: %w", err)
	}
	for _, of := range p.accounts() {
		kubeconfig, until, err := account.AccountKubeconfig(ctx, admin, of.namespace, c.Lifetime)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Credentials, of.file)
		if err := writeSecret(path, kubeconfig); err != nil {
			return exit.Usagef("--credentials: %w", err)
		}
		fmt.Fprintf(out, "%-10s %s, valid until %s\n", "wrote", path, until.UTC().Format(time.RFC3339))
	}
	return nil
}
