// Package engine is a session of the Dagger engine: what it printed, and why it failed. It does not know where the engine is,
// nor what is built in it.
package engine

import (
	"context"
	"sync/atomic"

	"dagger.io/dagger"
)

// Version is the SDK's version, too: both are released together.
const Version = "dagger v0.21.8"

// Session is a session of the engine.
type Session struct {
	Source func(folder string) *dagger.Directory             // of the application's repository
	Image  func(reference string) *dagger.Container          // a published one
	Secret func(uri string) *dagger.Secret                   // one that Dagger's providers find: env://NAME, file://PATH
	Folder func(path string) *dagger.Directory               // of this process, as it is now
	Tunnel func(ports ...dagger.PortForward) *dagger.Service // lets a container reach ports on 127.0.0.1 of this process
	Module func(reference string) *dagger.ModuleSource       // one in a git repository elsewhere
	Git    func(url, commit string) *dagger.Directory        // the files of that repository
	// Ask asks in GraphQL, for what a module adds to the engine's API is not known before it is served.
	Ask func(ctx context.Context, query string, into any) error
	// Container is one by its ID, such as an answer has.
	Container func(id dagger.ID) *dagger.Container
	// Login adds the registry's credentials to a container that is about to be pushed.
	Login func(*dagger.Container) *dagger.Container
	Close func() error

	lost atomic.Bool
}

// Lost reports whether the engine was found not to answer any more.
func (s *Session) Lost() bool { return s != nil && s.lost.Load() }
