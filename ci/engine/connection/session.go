package connection

import (
	"context"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/engine"
)

// Session is that of a client which Open has returned. Where the application's source, its secrets and the registry's login come from,
// the caller adds.
func Session(client *dagger.Client) *engine.Session {
	return &engine.Session{
		Image: func(reference string) *dagger.Container { return client.Container().From(reference) },
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
		Close:     func() error { return Close(client) },
	}
}
