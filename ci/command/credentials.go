package command

import (
	"context"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// need says which credentials a command works with. Others are not even read, so that
// a run that only tests a beta never holds those of production.
type need int

const (
	ofBuild need = 1 << iota
	ofProduction
	ofBoth = ofBuild | ofProduction
)

// needed is what a run needs by --until: credentials of production only if it deploys.
func (f *flags) needed() need {
	if pipeline.Reaches(f.Until, "deploy") {
		return ofBoth
	}
	return ofBuild
}

// credentials are a kubeconfig and a context in it; without a file they are not needed.
type credentials struct{ kubeconfig, context string }

// target is where a command works: given by flags, or the sandbox.
type target struct {
	build, production credentials
	image             string
	dial              func(ctx context.Context, network, address string) (net.Conn, error)
	lease             time.Duration // of production's lock; 0: as long as it is made for
}

// target resolves the flags; with neither cluster nor registry given it starts the
// sandbox and uses the rights of the accounts that bootstrap made.
func (f *flags) target(ctx context.Context, needs need) (target, error) {
	given := f.Kubeconfig != "" || f.ProductionKubeconfig != ""
	switch {
	case given && f.Image == "":
		return target{}, exit.Usagef("--image: missing; with --kubeconfig, name the image repository that the cluster pulls from")
	case given:
		return f.given(needs)
	case f.Image != "":
		return target{}, exit.Usagef("--kubeconfig: missing; with --image, give the credentials of the cluster that pulls from there")
	case f.Context != "", f.ProductionContext != "":
		return target{}, exit.Usagef("--context: needs --kubeconfig")
	}
	at, err := f.sandboxUp(ctx)
	if err != nil {
		return target{}, err
	}
	out := target{image: at.Image + "/" + f.app.Name, dial: at.dial, lease: f.Lease}
	if needs&ofBuild != 0 {
		out.build.kubeconfig, err = f.sandboxAccount(ctx, at, f.BuildNamespace)
	}
	if err == nil && needs&ofProduction != 0 {
		out.production.kubeconfig, err = f.sandboxAccount(ctx, at, f.Namespace)
	}
	return out, err
}

// given returns what the flags name. --kubeconfig alone is for both; a context goes
// with the file that it was given for.
func (f *flags) given(needs need) (target, error) {
	out := target{image: f.Image, lease: f.Lease}
	if needs&ofBuild != 0 {
		if f.Kubeconfig == "" {
			return out, exit.Usagef("--kubeconfig: missing; --production-kubeconfig is for production only, give the credentials of the build namespace too")
		}
		out.build = credentials{f.Kubeconfig, f.Context}
	}
	if needs&ofProduction != 0 {
		out.production = credentials{f.ProductionKubeconfig, f.ProductionContext}
		if f.ProductionKubeconfig == "" {
			out.production.kubeconfig = f.Kubeconfig
			if f.ProductionContext == "" {
				out.production.context = f.Context
			}
		}
	}
	return out, nil
}

// connections are to the cluster, with the rights for each of the namespaces; one that
// is not needed is nil. Where the credentials are the same, so is the connection.
type connections struct{ build, production *cluster.Cluster }

func (t target) connect(ctx context.Context) (out connections, err error) {
	var connecting errgroup.Group
	if t.build.kubeconfig != "" {
		connecting.Go(func() (err error) {
			out.build, err = t.with(ctx, t.build)
			return err
		})
	}
	if t.production.kubeconfig != "" && t.production != t.build {
		connecting.Go(func() (err error) {
			out.production, err = t.with(ctx, t.production)
			return err
		})
	}
	err = connecting.Wait()
	if t.production == t.build {
		out.production = out.build
	}
	return out, err
}

func (t target) with(ctx context.Context, given credentials) (*cluster.Cluster, error) {
	return cluster.Connect(ctx, cluster.Config{Kubeconfig: given.kubeconfig, Context: given.context, Dial: t.dial, UserAgent: "slipway", Lease: t.lease})
}

// connect connects to the cluster only, for commands that need no image.
func (f *flags) connect(ctx context.Context, needs need) (out connections, err error) {
	var at target
	if f.Kubeconfig != "" || f.ProductionKubeconfig != "" {
		at, err = f.given(needs)
	} else {
		at, err = f.target(ctx, needs)
	}
	if err != nil {
		return out, err
	}
	return at.connect(ctx)
}

// confine connects with the rights of the pipeline's service accounts. Where the given
// credentials are not already those, it impersonates the accounts and names them in env.
func (f *flags) confine(ctx context.Context, at target, env *pipeline.Environment) error {
	given, err := at.connect(ctx)
	if err != nil {
		return err
	}
	if given.build != nil {
		if env.Build, env.As, err = given.build.Confined(ctx, f.BuildNamespace, account.Account); err != nil {
			return err
		}
	}
	if given.production != nil {
		env.Production, env.ProductionAs, err = given.production.Confined(ctx, f.Namespace, account.Account)
	}
	return err
}
