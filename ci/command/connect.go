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
	return &engine.Session{
		Source: func(folder string) *dagger.Directory { return f.host.source(client, f.root, folder) },
		Image:  func(reference string) *dagger.Container { return client.Container().From(reference) },
		Secret: func(uri string) *dagger.Secret { return f.host.secret(client, uri) },
		Folder: func(path string) *dagger.Directory {
			return client.Host().Directory(path, dagger.HostDirectoryOpts{NoCache: true})
		},
		Module: func(reference string) *dagger.ModuleSource {
			return client.ModuleSource(reference, dagger.ModuleSourceOpts{DisableFindUp: true, RequireKind: dagger.ModuleSourceKindGitSource})
		},
		Git: func(url, commit string) *dagger.Directory {
			return client.Git(url).Commit(commit).Tree(dagger.GitRefTreeOpts{DiscardGitDir: true})
		},
		Ask: func(ctx context.Context, query string, into any) error {
			return client.Do(ctx, &dagger.Request{Query: query}, &dagger.Response{Data: into})
		},
		Container: func(id dagger.ID) *dagger.Container { return dagger.Ref[*dagger.Container](client, id) },
		Tunnel:    func(ports ...dagger.PortForward) *dagger.Service { return client.Host().Service(ports) },
		Login:     f.host.login(client, repository),
		Close:     func() error { return connection.Close(client) },
	}, nil
}
