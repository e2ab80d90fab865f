package cluster

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// elsewhere is what the credentials of a run must not be able to do: write beside
// the run's own namespaces, or give rights.
var elsewhere = []struct {
	namespace string
	Permission
}{
	{"kube-system", Permission{"create", "apps", "deployments"}},
	{"", Permission{"create", "", "namespaces"}},
	{"", Permission{"create", "rbac.authorization.k8s.io", "clusterroles"}},
}

// Confined returns the cluster as a run should see it. Credentials that may write
// elsewhere, an administrator's, are not used as they are: the result then
// impersonates the ServiceAccount that bootstrap made in the namespace, and as
// names it; otherwise it is the cluster itself, and as is empty. The error is
// Misconfigured when there is no such account.
func (c *Cluster) Confined(ctx context.Context, namespace, account string) (confined *Cluster, as string, err error) {
	powerful, err := c.mayWriteElsewhere(ctx)
	if err != nil || !powerful {
		return c, "", err
	}
	_, err = c.Typed.CoreV1().ServiceAccounts(namespace).Get(ctx, account, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, "", &Error{Class: Misconfigured, Object: "namespace " + namespace, Try: "run bootstrap", Err: err,
			Cause: "has no ServiceAccount " + account + ", whose rights a run takes when the credentials given may write everywhere"}
	case err != nil:
		return nil, "", FromAPI(ctx, managed.Name("ServiceAccount", namespace, account), "read", err)
	}
	given := c.given
	given.requests = c.requests
	given.impersonate = Impersonation(namespace, account)
	confined, err = Connect(ctx, given)
	if err != nil {
		return nil, "", err
	}
	confined.wide = c
	return confined, given.impersonate.UserName, nil
}

// Wide returns the cluster as the given credentials see it, of an administrator all of it.
// Only for reading what no account of a run may see; credentials of an account see no more.
func (c *Cluster) Wide() *Cluster {
	if c.wide != nil {
		return c.wide
	}
	return c
}

// Impersonation is who the API server takes an account for.
func Impersonation(namespace, account string) rest.ImpersonationConfig {
	return rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
}

// mayWriteElsewhere asks side by side.
func (c *Cluster) mayWriteElsewhere(ctx context.Context) (bool, error) {
	var powerful atomic.Bool
	asking, each := errgroup.WithContext(ctx)
	for _, at := range elsewhere {
		asking.Go(func() error {
			allowed, err := c.allowed(each, at.namespace, at.Permission)
			if allowed {
				powerful.Store(true)
			}
			return err
		})
	}
	err := asking.Wait()
	return powerful.Load(), err
}
