package e2e

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/scripts/light"
)

func TestAProductionMadeByKubectlIsTakenOverAndGivenBackWhenTheFirstDeployFails(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "adopt")
	r := w.newRepository(t, n.production)
	r.overlay("", "")
	r.commit()
	built := w.pipeline(t, r, n, "--until", "release")
	require.Equal(t, 0, built.code, built.stdout+built.stderr)

	// What runs before: the same overlay, applied by hand, with one variable more.
	mine := r.branch(t)
	mine.overlay(container("env: [{name: EXTRA, value: \"1\"}]"), "")
	programs, err := light.Build(t.Context(), w.root)
	require.NoError(t, err)
	kubectl := func(args ...string) string {
		command := exec.CommandContext(t.Context(), programs.Kubectl, append([]string{"--kubeconfig", w.Kubeconfig, "-n", n.production}, args...)...)
		command.Env = os.Environ()
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	mine.edit(productionFolder+"kustomization.yaml", "resources:", "namespace: "+n.production+"\nimages: [{name: go-demo, newName: "+built.report.Image+", digest: "+built.report.Digest+"}]\nresources:")
	kubectl("apply", "-k", mine.path(productionFolder))
	kubectl("rollout", "status", "deployment/api", "--timeout=2m")
	kubectl("rollout", "status", "statefulset/postgres", "--timeout=2m")
	before := w.snapshot(t, n)
	extra := func() bool {
		live, err := w.typed.AppsV1().Deployments(n.production).Get(context.Background(), "api", metav1.GetOptions{})
		require.NoError(t, err)
		for _, variable := range live.Spec.Template.Spec.Containers[0].Env {
			if variable.Name == "EXTRA" {
				return true
			}
		}
		return false
	}
	require.True(t, extra())

	strict := r.branch(t)
	strict.refuseOthers("^none$")
	failed := w.pipeline(t, strict, n)
	require.Equal(t, 21, failed.code, failed.stdout+failed.stderr)
	require.True(t, failed.report.Undo.Done)
	requireSame(t, before.in(n.production).restored(n), w.snapshot(t, n).in(n.production).without(lock(n)).restored(n), "production is not as its owners had it")
	require.True(t, extra())

	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Contains(t, done.stdout, "kubectl-client-side-apply")
	require.False(t, extra())

	kubectl("scale", "deployment", "api", "--replicas=3")
	kubectl("set", "env", "deployment", "api", "LOG_LEVEL=debug")
	kubectl("rollout", "status", "deployment/api", "--timeout=2m")
	r.commit()
	early := w.pipeline(t, r, n)
	require.Equal(t, 30, early.code, early.stdout+early.stderr)
	require.NotContains(t, early.stdout, "build: started", "found after the build")
	require.Contains(t, early.stdout+early.stderr, "--take-over kubectl")
	require.Contains(t, early.stderr, "Deployment/api:spec.replicas")
	left := w.pipeline(t, r, n, "--leave", "Deployment/api:spec.replicas,Deployment/api:spec.template")
	require.Equal(t, 0, left.code, left.stdout+left.stderr)
	require.Equal(t, "3 debug", kubectl("get", "deployment", "api", "-o", `jsonpath={.spec.replicas} {.spec.template.spec.containers[0].env[?(@.name=="LOG_LEVEL")].value}`))
	r.commit()
	taken := w.pipeline(t, r, n, "--take-over", "kubectl")
	require.Equal(t, 0, taken.code, taken.stdout+taken.stderr)
	require.NotContains(t, kubectl("get", "deployment", "api", "-o", "yaml"), "debug")
}
