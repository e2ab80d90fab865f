package bootstrap

import (
	"context"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
)

// Install applies objects, revokes rights that an earlier version granted between the application's namespaces, and returns when the
// API server enforces both. Each step is a line of out.
func Install(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured, options apply.Options, namespaces []string, out io.Writer) error {
	former, err := account.FormerRights(ctx, admin, namespaces...)
	if err != nil {
		return err
	}
	changes, err := apply.Apply(ctx, admin, objects, options)
	for _, change := range changes {
		fmt.Fprintf(out, "%-10s %s\n", change.Action, change)
	}
	if err != nil {
		return err
	}
	revoked, err := account.Revoke(ctx, admin, former)
	for _, right := range revoked {
		fmt.Fprintf(out, "%-10s %s: it gave %s\n", "revoked", right.Object, right.Gives)
	}
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.GetKind() != "ServiceAccount" || object.GetName() != account.Account {
			continue
		}
		if err := account.AwaitGuard(ctx, admin, object.GetNamespace()); err != nil {
			return err
		}
	}
	return account.CheckApart(ctx, admin, namespaces...)
}
