package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStepsOfAnApplicationRunBetweenTheStages ships by the examples of docs/extending.md as they stand there.
func TestStepsOfAnApplicationRunBetweenTheStages(t *testing.T) {
	e, others := newExample(t, "hello"), newOutside(t)
	e.r.edit("kustomize/base/hello.yaml", "/hello-app", "/"+e.n.production)
	e.r.exampleSteps()
	host, port := others.database(t, e.world)
	e.r.edit(".slipway.yaml", "PGHOST: db.example.com, PGPORT: \"5432\", PGUSER: backup", "PGHOST: "+host+", PGPORT: \""+port+"\", PGUSER: postgres")
	e.r.edit(".slipway.yaml", "https://api.github.com", others.url)
	e.r.describe("- {name: doubtful, at: before release, image: golang:1.26, command: [sh, -c, 'grep -o \"name.: .functional\" $REPORT/report.json; exit 3'], optional: true}\n" + unlisted)
	e.r.begin()
	e.world = e.with("GITHUB_TOKEN="+others.token, "CHAT_WEBHOOK="+others.url+"/hook/"+others.token, "BACKUP_PASSWORD="+others.token)

	passed := e.ship(t)
	require.Equal(t, 0, passed.code, passed.stdout+passed.stderr)
	t.Run("as stages of their own", func(t *testing.T) {
		require.Equal(t, []string{"build passed", "scan passed", "functional passed", "doubtful failed", "release passed", "backup passed", "deploy passed",
			"load-test passed", "production passed", "github-release passed", "record passed", "chat passed", "cleanup passed"}, passed.results())
		require.Regexp(t, `^95 % of 100 answers within \d+ ms; 1 test$`, passed.stage(t, "load-test").Detail)
		require.Equal(t, "95 % within 500 ms", passed.stage(t, "load-test").Tests[0].Name)
		require.Contains(t, passed.junit, "95 % within 500 ms")
		require.Regexp(t, `in scan\.sarif$`, passed.stage(t, "scan").Detail)
		require.Regexp(t, `^\d+ bytes$`, passed.stage(t, "backup").Detail)
		require.Equal(t, "released "+e.r.version(), passed.stage(t, "github-release").Detail)
		require.Equal(t, "told that it passed", passed.stage(t, "chat").Detail)
	})
	t.Run("of which an optional one may fail", func(t *testing.T) {
		require.Equal(t, "step doubtful ended with exit code 3", passed.stage(t, "doubtful").Cause)
		require.Contains(t, passed.stdout, `name": "functional`, "it did not find the report so far")
		require.NotContains(t, passed.junit, "<failure")
	})
	t.Run("whose files are in the report", func(t *testing.T) {
		require.Equal(t, []string{"steps/backup/backup.dump", "steps/load-test/junit.xml", "steps/scan/scan.sarif"},
			slices.DeleteFunc(slices.Clone(passed.report.Files), func(name string) bool { return !strings.HasPrefix(name, "steps/") }))
		dump, err := os.ReadFile(filepath.Join(passed.folder, "steps/backup/backup.dump"))
		require.NoError(t, err)
		require.Equal(t, "PGDMP", string(dump[:5]))
	})
	t.Run("and reach servers by their secrets", func(t *testing.T) {
		require.Equal(t, []string{"POST /repos/acme/shop/releases", "POST /uploads/1/assets", "POST /hook/TOKEN"}, others.requests())
		require.Contains(t, others.bodies(), `"tag_name": "`+e.r.version()+`"`)
		require.Contains(t, others.bodies(), passed.report.Digest)
		require.Contains(t, others.bodies(), e.r.version()+" passed http://")
		others.untold(t, passed)
	})
	t.Run("and put production back when one fails after the deploy", func(t *testing.T) {
		before := e.snapshot(t, e.n)
		e.r.edit(".slipway.yaml", `LIMIT: "500"`, `LIMIT: "0"`)
		e.r.commit()
		failed := e.ship(t)
		require.Equal(t, 21, failed.code, failed.stdout+failed.stderr)
		require.Equal(t, []string{"build passed", "scan passed", "functional passed", "doubtful failed", "release passed", "backup passed", "deploy passed",
			"load-test failed", "production skipped", "github-release skipped", "record skipped", "undo passed", "chat passed", "cleanup passed"}, failed.results())
		require.Equal(t, "step load-test: tests fail", failed.stage(t, "load-test").Cause)
		require.True(t, failed.report.Undo.Done)
		requireSame(t, before.restored(e.n), e.snapshot(t, e.n).restored(e.n), "production is not as it was")
		require.Contains(t, others.bodies(), e.r.version()+" failed ")
	})
	t.Run("and those that always run do so after Ctrl-C, which ends the engine's session", func(t *testing.T) {
		before := e.snapshot(t, e.n)
		e.r.edit(".slipway.yaml", `REQUESTS: "100", LIMIT: "0"`, `REQUESTS: "1000000000", LIMIT: "0"`)
		e.r.commit()
		var once sync.Once
		stopped := e.start(t, e.r, e.n, func(process *os.Process, line string) {
			if strings.HasPrefix(line, "load-test: run the step ") {
				once.Do(func() { _ = syscall.Kill(-process.Pid, syscall.SIGINT) }) // as a terminal does: to all that it has started
			}
		})()
		require.Equal(t, 130, stopped.code, stopped.stdout+stopped.stderr)
		require.Equal(t, []string{"load-test interrupted", "production skipped", "github-release skipped", "record skipped", "undo passed", "chat passed", "cleanup passed"}, stopped.results()[7:])
		require.Contains(t, others.bodies(), e.r.version()+" interrupted")
		requireSame(t, before.restored(e.n), e.snapshot(t, e.n).restored(e.n), "production is not as it was")
	})
	t.Run("by dagger call with the caller's secrets, which it must hand over", func(t *testing.T) {
		r := copied(t, "hello")
		r.exampleFunction()
		r.edit(".slipway.yaml", "env://TRACKER_TOKEN", "env://PASSWORD")
		r.describe(`- {name: small, at: after build, image: "golang:1.26", command: [sh, -c, 'test -n "$A" && echo "summary: $VERSION"'], secrets: {A: "env://PASSWORD"}, files: [/etc/hostname]}` + "\n")
		r.begin()
		args := append(e.runs(r.folder, e.n, "hello"), "--until", "build")
		done := e.called(t, append(args, "--step-secrets", "env://PASSWORD", "export", "--path")...)
		require.Equal(t, 0, done.code, done.stderr)
		require.Equal(t, r.version(), done.stage(t, "small").Detail)
		require.FileExists(t, filepath.Join(done.folder, "steps/small/hostname"))
		require.Equal(t, "no results in scan.sarif", done.stage(t, "scan").Detail)
		require.FileExists(t, filepath.Join(done.folder, "steps/scan/scan.sarif"))
		lacking := e.called(t, append(args, "export", "--path")...)
		require.Contains(t, lacking.stderr, "steps: scan: secret token: env://PASSWORD cannot be read")
	})
	t.Run("unless a secret is missing, before anything is built", func(t *testing.T) {
		e.world = e.with("GITHUB_TOKEN=", "BACKUP_PASSWORD="+others.token, "CHAT_WEBHOOK="+others.url)
		missing := e.ship(t)
		require.Equal(t, 2, missing.code, missing.stdout)
		require.Contains(t, missing.stderr, "steps: github-release: secret GITHUB_TOKEN: env://GITHUB_TOKEN is empty")
		require.Empty(t, missing.results())
	})
}
