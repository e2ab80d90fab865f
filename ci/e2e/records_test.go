package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestAReleaseLargerThanASecretIsDeployedAndRolledBack(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "large")
	r := w.newRepository(t, n.production)
	var versions []string
	for range 2 {
		var files []string
		for i := range 40 { // 40 KB each, that do not compress
			content := make([]byte, 30000)
			_, _ = rand.Read(content)
			files = append(files, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: file-%d}, data: {file: %s}}", i, base64.StdEncoding.EncodeToString(content)))
		}
		r.overlay("", strings.Join(files, "\n---\n"))
		r.commit()
		done := w.pipeline(t, r, n)
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		versions = append(versions, done.report.Version)
	}
	done := w.pipeline(t, r, n, "rollback")
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, versions[0], done.report.Version)
	require.Zero(t, done.report.Undo.Error)
}

func TestRecordsThatWereEditedAreNamedWithTheWayOn(t *testing.T) {
	v := newVictim(t, "edited")
	secrets := v.typed.CoreV1().Secrets(v.n.production)
	edit := func(name, field string) {
		_, err := secrets.Patch(context.Background(), name, types.MergePatchType, []byte(`{"data":{"`+field+`":"H4sI"}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
		require.NoError(t, err)
	}
	list, err := secrets.List(context.Background(), metav1.ListOptions{LabelSelector: "slipway.dev/record=release"})
	require.NoError(t, err)
	require.Len(t, list.Items, 2)
	edit(list.Items[0].Name, "release")
	remove := "kubectl -n " + v.n.production + " delete secret " + list.Items[0].Name
	status := v.status(t)
	require.Equal(t, 0, status.code, status.stderr)
	require.Contains(t, status.stdout, "Healthy")
	require.Contains(t, status.stdout, remove)
	v.r.commit()
	done := v.pipeline(t, v.r, v.n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Contains(t, done.stdout, remove)

	undo := list.Items[0].DeepCopy()
	undo.ObjectMeta = metav1.ObjectMeta{Name: "slipway-undo-dead", Labels: map[string]string{"slipway.dev/record": "undo"}}
	undo.Type = "slipway.dev/undo"
	_, err = secrets.Create(context.Background(), undo, metav1.CreateOptions{})
	require.NoError(t, err)
	before := v.snapshot(t, v.n).without(lock(v.n))
	for _, command := range [][]string{nil, {"rollback"}, {"recover"}} {
		done := v.pipeline(t, v.r, v.n, command...)
		require.Equal(t, 2, done.code, done.stdout+done.stderr)
		require.Contains(t, done.stdout+done.stderr, "kubectl -n "+v.n.production+" delete secret slipway-undo-dead")
	}
	requireSame(t, before, v.snapshot(t, v.n).without(lock(v.n)), "something was changed although a way back cannot be read")
	status = v.status(t)
	require.Equal(t, 0, status.code, status.stderr)
	require.Contains(t, status.stdout, "slipway-undo-dead")
}
