package command

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"sync"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/engine/connection"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/sops"
)

func (f *flags) registry(at target) *image.Registry {
	return &image.Registry{Dial: at.dial, Login: f.host.Login}
}

// tree is the application's repository as a file system.
func (f *flags) tree(ctx context.Context) (fs.FS, error) {
	return sops.New(ctx, f.root), nil
}

// environment connects to engine and cluster in parallel.
func (f *flags) environment(ctx context.Context, at target) (pipeline.Environment, error) {
	env := pipeline.Environment{EngineLog: &engine.Log{}, Registry: f.registry(at)}
	env.Reconnect = func(ctx context.Context) (*engine.Session, error) { return f.engine(ctx, at.image, env.EngineLog) }
	var err error
	if env.Tree, err = f.tree(ctx); err != nil {
		return env, err
	}
	var connecting sync.WaitGroup
	var noCluster, noEngine error
	connecting.Go(func() { noCluster = f.confine(ctx, at, &env) })
	connecting.Go(func() { env.Engine, noEngine = env.Reconnect(ctx) })
	connecting.Wait()
	if err := cmp.Or(noCluster, noEngine); err != nil { // in this order, so that the same failure is reported each time
		if env.Engine != nil {
			_ = env.Engine.Close()
		}
		return env, err
	}
	return env, nil
}

// engine opens a session of the engine, whose output goes to log. Its pushes go to
// repository.
func (f *flags) engine(ctx context.Context, repository string, log io.Writer) (*engine.Session, error) {
	client, err := connection.Open(ctx, log)
	if err != nil {
		return nil, err
	}
	session := connection.Session(client)
	session.Source = func(folder string) *dagger.Directory { return f.host.source(client, f.root, folder) }
	session.Secret = func(uri string) *dagger.Secret { return f.host.secret(client, uri) }
	session.Login = f.host.login(client, repository)
	return session, nil
}
