package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

// namespaces are where one test deploys: betas and production.
type namespaces struct {
	build, production string
	lease             string // how long production's lock lasts once its run is dead; empty: as for everybody
}

func (n namespaces) flags() []string {
	flags := []string{"--build-namespace", n.build}
	if n.production != "" { // else each environment has its own
		flags = append(flags, "--namespace", n.production)
	}
	if n.lease != "" {
		flags = append(flags, "--lease", n.lease)
	}
	return flags
}

// inUse has the names of this process's namespaces of production.
var inUse sync.Map

// newNamespaces makes both, as an administrator does, and removes them with the test. Which
// application they are for is told by flags, else it is this repository's.
func (w *world) newNamespaces(t *testing.T, name string, application ...string) namespaces {
	t.Helper()
	n := namespaces{production: "e2e-" + name + "-" + w.session}
	n.build = n.production + "-build"
	w.removeAfter(t, n)
	done := w.run(t, slices.Concat([]string{"bootstrap"}, n.flags(), application)...)
	require.Equal(t, 0, done.code, done.stderr)
	for _, namespace := range []string{n.build, n.production} {
		clustertest.AwaitControllers(t, w.typed, namespace)
	}
	return n
}

// removeAfter removes both namespaces with the test, which is the only one that may have them.
func (w *world) removeAfter(t *testing.T, n namespaces) {
	t.Helper()
	_, taken := inUse.LoadOrStore(n.production, nil)
	require.False(t, taken, "another test has the namespace %s", n.production)
	t.Cleanup(func() {
		for _, namespace := range []string{n.build, n.production} {
			err := w.typed.CoreV1().Namespaces().Delete(context.Background(), namespace, metav1.DeleteOptions{})
			require.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
			w.removeGuard(t, namespace)
		}
		// The accounts' credentials that the program keeps for its next run in these namespaces.
		for _, file := range w.kept(t, n) {
			require.NoError(t, os.Remove(file))
		}
	})
}

// removeGuard removes what bootstrap makes for a namespace outside of it: the policy, and rights to
// read nodes and the sandbox's Gateway.
func (w *world) removeGuard(t *testing.T, namespace string) {
	t.Helper()
	admission, name := w.typed.AdmissionregistrationV1(), "slipway-account."+namespace
	err := admission.ValidatingAdmissionPolicyBindings().Delete(context.Background(), name, metav1.DeleteOptions{})
	require.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
	err = admission.ValidatingAdmissionPolicies().Delete(context.Background(), name, metav1.DeleteOptions{})
	require.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
	rights, nodes, gateway := w.typed.RbacV1(), "slipway-nodes."+namespace, "slipway."+namespace+".web"
	for _, err := range []error{
		rights.ClusterRoleBindings().Delete(context.Background(), nodes, metav1.DeleteOptions{}), rights.ClusterRoles().Delete(context.Background(), nodes, metav1.DeleteOptions{}),
		rights.RoleBindings("gateway").Delete(context.Background(), gateway, metav1.DeleteOptions{}), rights.Roles("gateway").Delete(context.Background(), gateway, metav1.DeleteOptions{}),
	} {
		require.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
	}
}

// kept are the credentials of both accounts that the program keeps for its next run.
func (w *world) kept(t *testing.T, n namespaces) []string {
	t.Helper()
	kept, err := filepath.Glob(filepath.Join(filepath.Dir(w.Kubeconfig), "account-"+n.production+"-*")) // the build namespace's begins with it, too
	require.NoError(t, err)
	return kept
}

// removeNamespaces waits until this process's namespaces and their volumes are
// gone: nothing of the tests stays in the sandbox.
func (w *world) removeNamespaces() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ours := func(namespace string) bool {
		return strings.HasSuffix(strings.TrimSuffix(namespace, "-build"), "-"+w.session)
	}
	for {
		list, err := w.typed.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		volumes, err := w.typed.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		left := namesOf(list.Items, func(n corev1.Namespace) (string, bool) { return "namespace " + n.Name, ours(n.Name) })
		left = append(left, namesOf(volumes.Items, func(v corev1.PersistentVolume) (string, bool) {
			return "volume " + v.Name, v.Spec.ClaimRef != nil && ours(v.Spec.ClaimRef.Namespace)
		})...)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still there: %s", strings.Join(left, ", "))
		case <-time.After(200 * time.Millisecond): // two kinds: asking is simpler than watching both
		}
	}
}

func namesOf[T any](items []T, pick func(T) (string, bool)) []string {
	var names []string
	for _, item := range items {
		if name, ok := pick(item); ok {
			names = append(names, name)
		}
	}
	return names
}

// awaitVolumesGone waits until the provisioner has removed the volumes of claims
// that are gone.
func (w *world) awaitVolumesGone(t *testing.T, n namespaces) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	list := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return w.typed.CoreV1().PersistentVolumes().List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return w.typed.CoreV1().PersistentVolumes().Watch(ctx, options)
		},
	}
	left := func(store cache.Store) bool {
		for _, object := range store.List() {
			if claim := object.(*corev1.PersistentVolume).Spec.ClaimRef; claim != nil && claim.Namespace == n.production {
				return true
			}
		}
		return false
	}
	var store cache.Store
	_, err := watchtools.UntilWithSync(ctx, list, &corev1.PersistentVolume{},
		func(s cache.Store) (bool, error) { store = s; return !left(s), nil },
		func(watch.Event) (bool, error) { return !left(store), nil })
	require.NoError(t, err)
}
