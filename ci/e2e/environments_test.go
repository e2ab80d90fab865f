package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// chain is an application that goes through three environments, the second of which somebody must approve.
type chain struct {
	example
	at map[string]namespaces // of each environment, with that of betas
}

var environments = []string{"staging", "production-eu", "production-us"}

func newChain(t *testing.T) chain {
	t.Helper()
	w, r := sandbox(t), copied(t, "hello")
	build := "e2e-chain-" + w.session + "-build"
	c := chain{example{world: w, n: namespaces{build: build, lease: "3s"}, r: r, name: "hello"}, map[string]namespaces{}}
	described := "environments:\n"
	for _, name := range environments {
		at := namespaces{build: build, production: "e2e-" + name + "-" + w.session}
		c.at[name] = at
		w.removeAfter(t, at)
		described += "- {name: " + name + ", namespace: " + at.production + map[bool]string{true: ", manual: true"}[name == "production-eu"] + "}\n"
		require.NoError(t, os.MkdirAll(r.path("kustomize/overlays/"+name), 0o755))
		r.write("kustomize/overlays/"+name+"/kustomization.yaml", `resources: [../../base]
patches:
- target: {kind: Deployment}
  patch: |-
    - {op: replace, path: /spec/template/spec/containers/0/env/0/value, value: /`+at.production+`}
- target: {kind: Ingress}
  patch: |-
    - {op: replace, path: /spec/rules/0/http/paths/0/path, value: /`+at.production+`}
`)
	}
	r.git("init", "--quiet")
	require.NoError(t, os.RemoveAll(r.path("kustomize/overlays/production")))
	r.describe(unlisted + described + `steps:
- {name: where, at: after deploy, image: "golang:1.26", command: [sh, -c, 'echo "summary: $ENVIRONMENT at $ADDRESS"'], environments: [staging]}
- {name: end, at: always, image: "golang:1.26", command: [sh, -c, 'echo "summary: $RESULT $ENVIRONMENT"']}
`)
	r.commit()
	return c
}

// runs returns the version that an environment runs; empty for none.
func (c chain) runs(t *testing.T, environment string) string {
	t.Helper()
	done := c.run(t, append([]string{"status", "--source", c.r.folder, "--environment", environment, "--output", "json"}, c.n.flags()...)...)
	require.Equal(t, 0, done.code, done.stderr)
	var told struct{ Releases []struct{ Version string } }
	require.NoError(t, json.Unmarshal([]byte(done.stdout), &told))
	if len(told.Releases) == 0 {
		return ""
	}
	return told.Releases[0].Version
}

func (c chain) requireRuns(t *testing.T, versions ...string) {
	t.Helper()
	for i, name := range environments {
		require.Equal(t, versions[i], c.runs(t, name), name)
	}
}

// environmentsOf are how it went in each, and the version there.
func environmentsOf(done ended) (out []string) {
	for _, e := range done.report.Environments {
		out = append(out, string(e.Result)+" "+e.Version)
	}
	return out
}

// approve goes on with a version behind staging.
func (c chain) approve(t *testing.T, version string, more ...string) ended {
	t.Helper()
	return c.pipeline(t, c.r, c.n, append([]string{"--from", "release", "--version", version, "--approve", "production-eu"}, more...)...)
}

func TestAVersionGoesThroughTheEnvironmentsInOrder(t *testing.T) {
	c := newChain(t)
	first := c.r.version()
	t.Run("not to one that waits for an approval", func(t *testing.T) {
		done := c.ship(t)
		require.Equal(t, 5, done.code, done.stdout+done.stderr)
		require.Equal(t, []string{"build passed", "functional passed", "release passed", "deploy-staging passed", "where-staging passed", "verify-staging passed",
			"deploy-production-eu skipped", "verify-production-eu skipped", "deploy-production-us skipped", "verify-production-us skipped", "end passed", "cleanup passed"}, done.results())
		require.Equal(t, "waiting", string(done.report.Result))
		require.Equal(t, "go run ./ci --from release --version "+first+" --source="+c.r.folder+" --build-namespace="+c.n.build+" --lease=3s --approve production-eu", done.report.Waits.Command)
		require.Contains(t, done.stdout, done.report.Waits.Command)
		require.Regexp(t, `^staging at http://.*/`+c.at["staging"].production+`$`, done.stage(t, "where-staging").Detail)
		require.Len(t, done.report.Environments, 3)
		require.Equal(t, []string{"passed " + first, "skipped ", "skipped "}, environmentsOf(done))
		c.requireRuns(t, first, "", "")
	})
	t.Run("nor one that has not passed the environment before", func(t *testing.T) {
		c.r.commit()
		done := c.pipeline(t, c.r, c.n, "--until", "release")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		done = c.approve(t, c.r.version())
		require.Equal(t, 30, done.code, done.stdout+done.stderr)
		require.Contains(t, done.stderr, "test results: there are none of environment staging")
		c.requireRuns(t, first, "", "")
	})
	t.Run("and goes on by the same digest once it is approved", func(t *testing.T) {
		done := c.approve(t, first)
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		require.Equal(t, []string{"build passed", "deploy-production-eu passed", "verify-production-eu passed", "deploy-production-us passed", "verify-production-us passed", "end passed", "cleanup passed"}, done.results())
		c.requireRuns(t, first, first, first)
		var images []string
		for _, name := range environments {
			for id, content := range c.snapshot(t, c.at[name]).in(c.at[name].production) {
				if strings.HasPrefix(id, "Deployment ") {
					images = append(images, done.report.Digest)
					require.Contains(t, strings.Join(content, "\n"), "@"+done.report.Digest)
				}
			}
		}
		require.Len(t, images, 3)
	})
	if testing.Short() {
		return
	}
	second := ""
	t.Run("and stops where it fails, which is put back", func(t *testing.T) {
		us := c.at["production-us"]
		before := c.snapshot(t, us)
		c.r.edit("kustomize/overlays/production-us/kustomization.yaml", "value: /"+us.production+"}\n- target: {kind: Ingress}",
			"value: /"+us.production+"}\n    - {op: add, path: /spec/template/spec/containers/0/command, value: [/nowhere]}\n- target: {kind: Ingress}")
		c.r.commit()
		second = c.r.version()
		done := c.pipeline(t, c.r, c.n, "--approve", "production-eu")
		require.Equal(t, 32, done.code, done.stdout+done.stderr)
		require.Equal(t, []string{"verify-production-eu passed", "deploy-production-us failed", "verify-production-us skipped", "undo-production-us passed", "end passed", "cleanup passed"}, done.results()[7:])
		require.Equal(t, "failed", done.stage(t, "end").Detail)
		require.Equal(t, []string{"passed " + second, "passed " + second, "failed " + first}, environmentsOf(done))
		require.Contains(t, done.report.Again, "--from release --version "+second)
		require.Contains(t, done.stdout, "the version goes on by: "+done.report.Again)
		c.requireRuns(t, second, second, first)
		requireSame(t, before.restored(us), c.snapshot(t, us).restored(us), "production-us is not as it was")
	})
	t.Run("as a function of the module does", func(t *testing.T) {
		args := []string{"run", "--source", c.r.folder, "--build-namespace", c.n.build, "--image", c.Image + "/hello", "--from", "release", "--version", second, "--environment", "production-eu", "--approve", "production-eu", "--until", "production-eu"}
		done := c.called(t, append(args, "export", "--path")...)
		require.Equal(t, 0, done.code, done.stderr)
		require.Equal(t, []string{"build passed", "deploy-production-eu passed", "verify-production-eu passed", "deploy-production-us skipped", "verify-production-us skipped", "end passed", "cleanup passed"}, done.results())
		require.Regexp(t, `^0 of \d+ objects changed$`, done.stage(t, "deploy-production-eu").Detail)
	})
	t.Run("and each is put back by itself", func(t *testing.T) {
		done := c.pipeline(t, c.r, c.n, "rollback", "--environment", "production-eu")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		require.Equal(t, []string{"build passed", "rollback-production-eu passed", "verify-production-eu passed", "cleanup passed"}, done.results())
		c.requireRuns(t, second, first, first)
	})
	t.Run("behind which the version does not go on then", func(t *testing.T) {
		done := c.pipeline(t, c.r, c.n, "--from", "release", "--version", second, "--environment", "production-us")
		require.Equal(t, 30, done.code, done.stdout+done.stderr)
		require.Contains(t, done.stderr, second+" was rolled back from production-eu to "+first)
		require.Contains(t, done.stderr, "let it pass there again: --from release --approve production-eu")
	})
	t.Run("also when its run is killed", func(t *testing.T) {
		eu := c.at["production-eu"]
		before := c.snapshot(t, eu)
		done := c.start(t, c.r, c.n, func(process *os.Process, line string) {
			if strings.HasPrefix(line, "deploy-production-eu: Deployment ") {
				_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
			}
		}, "--from", "release", "--version", second, "--approve", "production-eu")()
		require.Equal(t, -1, done.code, done.stdout+done.stderr)
		done = c.pipeline(t, c.r, c.n, "recover")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		require.Equal(t, []string{"recover-staging passed", "recover-production-eu passed", "recover-production-us passed", "betas passed", "cleanup passed"}, done.results())
		require.Contains(t, done.stage(t, "recover-production-eu").Detail, "production-eu verified back on "+first)
		requireSame(t, before.restored(eu), c.snapshot(t, eu).restored(eu), "production-eu is not as it was")
	})
	t.Run("and the history of each is told", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "history.html")
		args := append([]string{"history", "--source", c.r.folder, "--output", "json"}, c.n.flags()...)
		done := c.run(t, args...)
		require.Equal(t, 0, done.code, done.stderr)
		var told struct {
			Environments []struct {
				Environment string
				Deploys     []struct{ Version, Result string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(done.stdout), &told))
		results := map[string]string{}
		for _, e := range told.Environments {
			for _, d := range e.Deploys {
				results[e.Environment] += d.Result + " "
			}
		}
		require.Equal(t, map[string]string{"staging": "released released ", "production-eu": "undone released released released ", "production-us": "undone released "}, results)
		require.Equal(t, 2, c.run(t, append(args, "--html", file)...).code)
		require.Equal(t, 0, c.run(t, append(args, "--html", file, "--environment", "staging")...).code)
		require.FileExists(t, file)
	})
}
