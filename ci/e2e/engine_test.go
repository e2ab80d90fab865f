package e2e

import (
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger.io/dagger/engineconn"
	"github.com/stretchr/testify/require"
)

// TestManyRunsShareAnEngineOnKubernetes: it is a pod that runs reach with the rights of
// kustomize/engine's role alone, and whose caches are everybody's.
func TestManyRunsShareAnEngineOnKubernetes(t *testing.T) {
	e := newSharedEngine(t)
	apps := []*tenant{e.newTenant(t, "hello"), e.newTenant(t, "worker")}
	first, digest := apps[0].r.branch(t), ""
	t.Run("ten runs of two applications at once", func(t *testing.T) {
		var waits []func() ended
		begun := time.Now()
		for i := range 10 {
			app, until := apps[i%2], "functional"
			if i < 2 {
				until = "production"
			}
			r := app.r.branch(t)
			if i == 0 {
				r = first
			}
			r.commit()
			waits = append(waits, e.start(t, r, app.n, nil, "--until", until))
		}
		commands, executed := 0, 0
		for i, wait := range waits {
			done := wait()
			require.Equal(t, 0, done.code, done.stdout+done.stderr)
			if i == 0 {
				digest = done.report.Digest
			}
			commands += apps[i%2].commands
			executed += len(execution.FindAllString(done.engineLog, -1))
		}
		t.Logf("%.0f s; the engine executed %d of the %d commands of ten builds, the rest came from its cache", time.Since(begun).Seconds(), executed, commands)
		require.Less(t, executed, commands)
	})
	t.Run("nobody else gets at it", e.isProtected)
	t.Run("stopped and started", func(t *testing.T) {
		e.administer(t, "delete", "pod", "dagger-engine-0")
		e.awaitServing(t)
		done := e.pipeline(t, first, apps[0].n, "--until", "build")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		require.Empty(t, execution.FindAllString(done.engineLog, -1), "its cache is lost")
		require.Equal(t, digest, done.report.Digest)
	})
	t.Run("killed in the middle of builds", func(t *testing.T) { e.isKilled(t, apps) })
	t.Run("of another version", func(t *testing.T) {
		e.administer(t, "set", "env", "statefulset/dagger-engine", "_EXPERIMENTAL_DAGGER_VERSION=v0.21.7")
		e.awaitServing(t)
		e.refuses(t, apps[0], e.ref+" is of version v0.21.7, and this needs v"+engineconn.CLIVersion)
	})
	t.Run("gone", func(t *testing.T) {
		e.administer(t, "scale", "statefulset/dagger-engine", "--replicas=0")
		e.administer(t, "wait", "--for=delete", "pod/dagger-engine-0", "--timeout=2m")
		e.refuses(t, apps[0], e.ref+`: kubectl: Error from server (NotFound): pods "dagger-engine-0" not found`)
	})
}

// isKilled kills the engine while it builds for several; their runs are repeated then.
func (e *sharedEngine) isKilled(t *testing.T, apps []*tenant) {
	var building sync.WaitGroup
	var runs []*repository
	var waits []func() ended
	before := []state{e.snapshot(t, apps[0].n), e.snapshot(t, apps[1].n)}
	for i := range 4 {
		r := apps[i%2].r.branch(t)
		r.edit("Dockerfile", "\nRUN gcc", "\nRUN sleep 10 && gcc") // so that it is in the middle
		r.commit()
		building.Add(1)
		begun := sync.OnceFunc(building.Done)
		runs = append(runs, r)
		waits = append(waits, e.start(t, r, apps[i%2].n, func(_ *os.Process, line string) {
			if strings.HasPrefix(line, "build: ") && !strings.HasPrefix(line, "build: started") {
				begun()
			}
		}))
	}
	building.Wait()
	time.Sleep(3 * time.Second) // of the ten that each command takes
	killed := time.Now()
	e.kill(t)
	for _, wait := range waits {
		done := wait()
		require.Equal(t, 36, done.code, done.stdout+done.stderr)
		build := done.stage(t, "build")
		require.Contains(t, build.Cause, ": the engine was lost: ")
		require.NotContains(t, build.Error, "\n")
		require.Regexp(t, `(?m)^build: failed in .*: the engine was lost: `, done.stdout)
		require.NotContains(t, done.stdout, "build:   | ", "the log of the engine explains nothing")
		t.Log(build.Error)
	}
	t.Logf("all have ended %.0f s after it was killed", time.Since(killed).Seconds())
	for i, app := range apps[:2] {
		requireSame(t, before[i].in(app.n.build), e.snapshot(t, app.n).in(app.n.build), "a run left something")
		requireSame(t, before[i].in(app.n.production), e.snapshot(t, app.n).in(app.n.production), "production was changed")
	}
	e.awaitServing(t)
	waits = nil
	for i, r := range runs {
		waits = append(waits, e.start(t, r, apps[i%2].n, nil, "--until", "functional"))
	}
	for _, wait := range waits {
		done := wait()
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
	}
}

// refuses holds a run to end in one line, before it has changed anything.
func (e *sharedEngine) refuses(t *testing.T, app *tenant, want string) {
	t.Helper()
	begun := time.Now()
	done := e.pipeline(t, app.r, app.n)
	require.Equal(t, 36, done.code, done.stdout+done.stderr)
	require.Empty(t, done.stdout)
	said := sandboxLine.ReplaceAllString(done.stderr, "")
	require.Equal(t, 1, strings.Count(said, "\n"), said)
	require.Contains(t, said, "slipway: engine: "+want)
	t.Logf("%.1f s: %s", time.Since(begun).Seconds(), strings.TrimSpace(said))
}

// tenant is an application that uses the engine beside others.
type tenant struct {
	r        *repository
	n        namespaces
	commands int // of its Dockerfile
}

func (e *sharedEngine) newTenant(t *testing.T, name string) *tenant {
	t.Helper()
	r := copied(t, name)
	n := e.newNamespaces(t, "tenant-"+name, "--source", r.folder)
	if name == "hello" { // all share one address
		r.edit("kustomize/base/hello.yaml", "/hello-app", "/"+n.production)
	}
	r.describe(unlisted)
	r.begin()
	content, err := os.ReadFile(r.path("Dockerfile"))
	require.NoError(t, err)
	return &tenant{r: r, n: n, commands: strings.Count(string(content), "\nRUN ")}
}

// execution is a command in the engine's log; one whose result is in the cache is not there.
var execution = regexp.MustCompile(`withExec /bin/sh -c`)
