package command

import (
	"context"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// target is where a command works: given by flags, or the sandbox.
type target struct {
	kubeconfig, context string
	image               string
	dial                func(ctx context.Context, network, address string) (net.Conn, error)
}

// target resolves the flags; with neither cluster nor registry given it starts
// the sandbox and uses the rights of the service account that bootstrap made.
func (f *flags) target(ctx context.Context) (target, error) {
	switch {
	case f.Kubeconfig != "" && f.Image != "":
		return target{kubeconfig: f.Kubeconfig, context: f.Context, image: f.Image}, nil
	case f.Kubeconfig != "":
		return target{}, pipeline.Usage("--image: give the repository that the cluster of --kubeconfig pulls from")
	case f.Image != "":
		return target{}, pipeline.Usage("--kubeconfig: give the cluster that pulls from --image")
	case f.Context != "":
		return target{}, pipeline.Usage("--context: only means something with --kubeconfig")
	}
	at, err := sandboxUp(ctx)
	if err != nil {
		return target{}, err
	}
	kubeconfig, err := f.sandboxAccount(ctx, at)
	return target{kubeconfig: kubeconfig, image: at.Image + "/" + f.app.Name, dial: at.dial}, err
}

// cluster connects the cluster alone, for what needs no image.
func (f *flags) cluster(ctx context.Context) (*cluster.Cluster, error) {
	if f.Kubeconfig != "" {
		return target{kubeconfig: f.Kubeconfig, context: f.Context}.connect(ctx)
	}
	at, err := f.target(ctx)
	if err != nil {
		return nil, err
	}
	return at.connect(ctx)
}

// confined connects the cluster with the rights of a run, for what writes to betas
// or to production. It names the account where those are not the credentials' own.
func (f *flags) confined(ctx context.Context, at target) (*cluster.Cluster, string, error) {
	given, err := at.connect(ctx)
	if err != nil {
		return nil, "", err
	}
	return given.Confined(ctx, f.BuildNamespace, account)
}

func (t target) connect(ctx context.Context) (*cluster.Cluster, error) {
	return cluster.Connect(ctx, cluster.Config{Kubeconfig: t.kubeconfig, Context: t.context, Dial: t.dial, UserAgent: "slipway"})
}

func (f *flags) registry(at target) *image.Registry {
	return &image.Registry{Dial: at.dial, Login: f.host.Login}
}

// tree is the application's repository as a file system.
func (f *flags) tree() (fs.FS, error) {
	if info, err := os.Stat(f.Source); err != nil || !info.IsDir() {
		return nil, pipeline.Usage("--source: %s is no folder", f.Source)
	}
	return os.DirFS(f.Source), nil
}

// environment connects engine, cluster and registry side by side.
func (f *flags) environment(ctx context.Context, at target) (pipeline.Environment, error) {
	env := pipeline.Environment{EngineLog: &pipeline.EngineLog{}, Registry: f.registry(at)}
	env.Reconnect = func(ctx context.Context) (pipeline.Engine, error) { return f.engine(ctx, at.image, env.EngineLog) }
	var err error
	if env.Tree, err = f.tree(); err != nil {
		return env, err
	}
	var connecting errgroup.Group
	connecting.Go(func() (err error) {
		env.Build, env.As, err = f.confined(ctx, at)
		env.Production = env.Build
		return err
	})
	connecting.Go(func() (err error) {
		env.Engine, err = env.Reconnect(ctx)
		return err
	})
	if err := connecting.Wait(); err != nil {
		if env.Engine.Close != nil {
			_ = env.Engine.Close()
		}
		return env, err
	}
	return env, nil
}

// engine opens a session of the engine, whose output goes to log, for pushes to a
// repository.
func (f *flags) engine(ctx context.Context, repository string, log io.Writer) (pipeline.Engine, error) {
	source, err := filepath.Abs(f.Source)
	if err != nil {
		return pipeline.Engine{}, err
	}
	client, err := connectEngine(ctx, log)
	if err != nil {
		return pipeline.Engine{}, err
	}
	return pipeline.Engine{
		Source: f.host.source(client, source),
		Tunnel: func(port int) *dagger.Service {
			return client.Host().Service([]dagger.PortForward{{Backend: port, Frontend: f.app.Port}})
		},
		Login: f.host.login(client, repository),
		Close: client.Close,
	}, nil
}
