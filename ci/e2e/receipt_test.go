package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/report"
)

func TestTheReceiptTellsWhatChanged(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "receipt")
	r := w.newRepository(t, n.production)
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "somebodys"}}
	_, err := w.typed.CoreV1().ConfigMaps(n.production).Create(t.Context(), settings, metav1.CreateOptions{})
	require.NoError(t, err)
	// meanwhile does something in the middle of the production tests.
	meanwhile := func(do func(), args ...string) ended {
		var once sync.Once
		return w.start(t, r, n, func(_ *os.Process, line string) {
			if strings.HasPrefix(line, "production: tests at ") {
				once.Do(do)
			}
		}, args...)()
	}
	annotate := func(text string) {
		_, err := w.typed.AppsV1().Deployments(n.production).Patch(context.Background(), "api", types.MergePatchType,
			[]byte(`{"metadata":{"annotations":{"note":"`+text+`"}}}`), metav1.PatchOptions{FieldManager: "somebody"})
		require.NoError(t, err)
	}

	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	require.NotNil(t, first.report.Receipt)
	require.Empty(t, first.report.Receipt.Others)
	require.Empty(t, first.report.Receipt.Unexpected)
	require.Greater(t, first.report.Receipt.Objects, first.report.Receipt.Changed, "what an administrator made is there, too")
	created := 0
	for _, change := range first.report.Changes {
		if change.Namespace == n.production && change.Action == report.Created {
			created++
		}
	}
	require.Equal(t, created, first.report.Receipt.Changed)

	again := w.pipeline(t, r, n)
	require.Equal(t, 0, again.code, again.stdout+again.stderr)
	require.Regexp(t, `(?m)^production: 0 of \d+ objects changed$`, again.stdout)
	t.Logf("%d requests, of a run that changes nothing", again.report.Requests)

	by := meanwhile(func() { annotate("one") })
	require.Equal(t, 0, by.code, by.stdout+by.stderr)
	require.Contains(t, by.stdout, "changed by others: Deployment "+n.production+"/api configured by somebody")
	require.Zero(t, by.report.Receipt.Changed)

	outside := meanwhile(func() {
		require.NoError(t, w.typed.CoreV1().ConfigMaps(n.production).Delete(context.Background(), "somebodys", metav1.DeleteOptions{}))
	})
	require.Equal(t, 61, outside.code, outside.stdout+outside.stderr)
	require.Contains(t, outside.stage(t, "cleanup").Error, "something outside this run changed")
	require.Equal(t, []string{"ConfigMap " + n.production + "/somebodys deleted"}, outside.stage(t, "cleanup").Evidence)

	short := w.pipeline(t, r, n, "--until", "functional")
	require.Equal(t, 0, short.code, short.stdout+short.stderr)
	require.True(t, short.report.Receipt.Unseen)
	require.Contains(t, short.stdout, "production: not compared, since this run has no credentials for it")
}

func TestAnAdministratorsKubeconfigIsNotUsedAsItIs(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "admin")
	r := w.newRepository(t, n.production)
	// The registry's name on this host means nothing to the engine, so that the run ends there; until then it has begun as the account.
	folder := t.TempDir()
	cmd := w.command(t, append(n.flags(), "--source", r.folder, "--output", "plain", "--report", folder, "--kubeconfig", w.Kubeconfig, "--image", w.Registry+"/go-demo")...)
	cmd.Env = append(cmd.Env, w.toSandbox()...)
	done := w.finish(cmd)
	require.NotEqual(t, 0, done.code)
	require.Contains(t, done.stdout, ", as system:serviceaccount:"+n.build+":slipway, in production as system:serviceaccount:"+n.production+":slipway\n")
	content, err := os.ReadFile(filepath.Join(folder, "report.json"))
	require.NoError(t, err)
	require.Contains(t, string(content), `"as": "system:serviceaccount:`+n.build+`:slipway"`)
	require.Contains(t, string(content), `"productionAs": "system:serviceaccount:`+n.production+`:slipway"`)
}

func TestABetaThatCouldHurtProductionIsRefused(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "isolated")
	r := w.newRepository(t, n.production)
	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	before := w.snapshot(t, n)
	for name, c := range map[string]struct {
		file, former, text, says string
		code                     int
	}{
		"by a shared volume": {"kustomize/overlays/beta/postgres.yaml", "        emptyDir:\n          sizeLimit: 512Mi", "        persistentVolumeClaim:\n          claimName: data-postgres-0",
			"PersistentVolumeClaim data-postgres-0 is not this run's", 2},
		"by the pipeline's own rights": {"kustomize/overlays/beta/postgres.yaml", "    spec:\n", "    spec:\n      serviceAccountName: slipway\n",
			"its pods would run as ServiceAccount slipway, which is the pipeline's own; name another serviceAccountName in the overlay, or none", 30},
		"by those rights in production": {"kustomize/overlays/production/poddisruptionbudget.yaml", "apiVersion: policy/v1", tokenSecret + "---\napiVersion: policy/v1",
			"Secret " + n.production + "/token: asks for a token of ServiceAccount slipway", 30},
	} {
		t.Run(name, func(t *testing.T) {
			r := r.branch(t)
			r.edit(c.file, c.former, c.text)
			r.commit()
			done := w.pipeline(t, r, n)
			require.Equal(t, c.code, done.code, done.stdout+done.stderr)
			require.Contains(t, done.stdout+done.stderr, c.says)
			requireSame(t, before, w.snapshot(t, n), "something was written")
		})
	}
}

const tokenSecret = `apiVersion: v1
kind: Secret
metadata:
  name: token
  annotations:
    kubernetes.io/service-account.name: slipway
type: kubernetes.io/service-account-token
`
