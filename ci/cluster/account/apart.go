package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// apartTime is how long an API server may take to hold to bindings that were changed.
const apartTime = 10 * time.Second

// CheckApart returns nil when the pipeline's account of a namespace has no right in any
// other of the namespaces, nor one to become another account, whoever gave it, and when
// nothing in the namespaces runs as it. The error is Admission, and its evidence names
// all that there is.
func CheckApart(ctx context.Context, c *cluster.Cluster, namespaces ...string) error {
	found, err := tooMuch(ctx, c, namespaces)
	for begun := time.Now(); err == nil && len(found) > 0 && time.Since(begun) < apartTime; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond): // nobody tells when it holds to them
			found, err = tooMuch(ctx, c, namespaces)
		}
	}
	if err != nil {
		return err
	}
	for _, namespace := range namespaces {
		running, err := runningAs(ctx, c, namespace)
		if err != nil {
			return err
		}
		found = append(found, running...)
	}
	if len(found) == 0 {
		return nil
	}
	return &cluster.Error{Class: cluster.Admission, Object: "ServiceAccount " + Account, Evidence: found, Cause: "the pipeline's accounts are not separate: " + strings.Join(found, ", "),
		Try: "see who gave the rights (kubectl get rolebindings,clusterrolebindings -A -o wide), take them away and run bootstrap again"}
}

// tooMuch asks the API server what the accounts may do that they must not.
func tooMuch(ctx context.Context, c *cluster.Cluster, namespaces []string) (out []string, err error) {
	for _, of := range namespaces {
		for _, in := range namespaces {
			asked := forbidden
			if in != of {
				asked = append(append([]cluster.Permission{}, forbidden...), cluster.Required...)
			}
			for _, p := range asked {
				allowed, err := accountMay(ctx, c, of, in, p)
				if err != nil {
					return nil, err
				}
				if allowed {
					out = append(out, fmt.Sprintf("%s may %s in %s", managed.Name("ServiceAccount", of, Account), p, in))
				}
			}
		}
	}
	return out, nil
}

// accountMay asks as whoever may ask for others.
func accountMay(ctx context.Context, c *cluster.Cluster, of, in string, p cluster.Permission) (bool, error) {
	resource, subresource, _ := strings.Cut(p.Resource, "/")
	as := cluster.Impersonation(of, Account)
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: as.UserName, Groups: as.Groups,
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: in, Verb: p.Verb, Group: p.Group, Resource: resource, Subresource: subresource}}}
	answer, err := c.Typed.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, cluster.FromAPI(ctx, managed.Name("ServiceAccount", of, Account), "check its rights", err)
	}
	return answer.Status.Allowed, nil
}

// runningAs names what is in a namespace and lets pods run as the account: from before
// there was a policy, which does not look at what is there.
func runningAs(ctx context.Context, c *cluster.Cluster, namespace string) (out []string, err error) {
	for _, kind := range slices.Sorted(maps.Keys(Templates)) {
		apiVersion := map[string]string{"Pod": "v1", "PodTemplate": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}[kind]
		probe := &unstructured.Unstructured{Object: map[string]any{"apiVersion": cmp.Or(apiVersion, "apps/v1"), "kind": kind, "metadata": map[string]any{"namespace": namespace}}}
		at, err := c.Resource(ctx, probe)
		if err != nil {
			return nil, err
		}
		list, err := c.Dynamic.Resource(at.Gvr).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, cluster.FromAPI(ctx, managed.Name(kind, namespace, "*"), "list", err)
		}
		for i := range list.Items {
			if known := (*cluster.Error)(nil); metav1.GetControllerOf(&list.Items[i]) == nil && errors.As(CheckIdentity([]*unstructured.Unstructured{&list.Items[i]}), &known) {
				out = append(out, known.Object+" runs as it")
			}
		}
	}
	return out, nil
}
