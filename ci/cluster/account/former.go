package account

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Former is a right that an installation of former times, or a person, gave to one of
// the pipeline's accounts or to whoever gets hold of it.
type Former struct {
	Object string // that gives it
	Gives  string // what, to whom
	remove func(ctx context.Context) (removed bool, err error)
}

// FormerRights returns what lets one namespace's account do something in the other, as far as
// RoleBindings say so, and the Secrets that hold a token of either, which any pod beside
// them could mount. It is read before bootstrap's objects are applied.
func FormerRights(ctx context.Context, c *cluster.Cluster, namespaces ...string) ([]Former, error) {
	var out []Former
	for _, namespace := range namespaces {
		bindings, err := c.Typed.RbacV1().RoleBindings(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, cluster.FromAPI(ctx, managed.Name("RoleBinding", namespace, "*"), "list", err)
		}
		for _, binding := range bindings.Items {
			for _, subject := range binding.Subjects {
				if subject.Kind == rbacv1.ServiceAccountKind && subject.Name == Account && subject.Namespace != namespace && slices.Contains(namespaces, subject.Namespace) {
					out = append(out, formerBinding(c, binding, subject))
				}
			}
		}
		only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)).String()}
		secrets, err := c.Typed.CoreV1().Secrets(namespace).List(ctx, only)
		if err != nil {
			return nil, cluster.FromAPI(ctx, managed.Name("Secret", namespace, "*"), "list", err)
		}
		for _, secret := range secrets.Items {
			if secret.Annotations[corev1.ServiceAccountNameKey] == Account {
				out = append(out, formerToken(c, secret))
			}
		}
	}
	return out, nil
}

// formerBinding takes the subject out of a binding that Slipway made; one of a person is
// left to that person.
func formerBinding(c *cluster.Cluster, found rbacv1.RoleBinding, subject rbacv1.Subject) Former {
	bindings := c.Typed.RbacV1().RoleBindings(found.Namespace)
	return Former{
		Object: managed.Name("RoleBinding", found.Namespace, found.Name),
		Gives:  managed.Name("ServiceAccount", subject.Namespace, subject.Name) + " the rights of " + found.RoleRef.Kind + " " + found.RoleRef.Name,
		remove: func(ctx context.Context) (bool, error) {
			live, err := bindings.Get(ctx, found.Name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) || err == nil && !slices.Contains(live.Subjects, subject) {
				return true, nil // by what bootstrap has applied
			}
			if err != nil || live.Labels[managed.LabelManagedBy] != managed.FieldManager {
				return false, err
			}
			live.Subjects = slices.DeleteFunc(live.Subjects, func(s rbacv1.Subject) bool { return s == subject })
			_, err = bindings.Update(ctx, live, metav1.UpdateOptions{FieldManager: managed.FieldManager})
			return err == nil, err
		},
	}
}

func formerToken(c *cluster.Cluster, found corev1.Secret) Former {
	return Former{
		Object: managed.Name("Secret", found.Namespace, found.Name),
		Gives:  "whoever mounts it a token of " + managed.Name("ServiceAccount", found.Namespace, Account),
		remove: func(ctx context.Context) (bool, error) {
			err := c.Typed.CoreV1().Secrets(found.Namespace).Delete(ctx, found.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To(found.UID)}})
			return true, ignoreNotFound(err)
		},
	}
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// Revoke removes the rights, and returns those that it has; one that a person gave is
// left, and CheckApart tells of it.
func Revoke(ctx context.Context, c *cluster.Cluster, rights []Former) ([]Former, error) {
	var out []Former
	for _, right := range rights {
		removed, err := right.remove(ctx)
		if err != nil {
			return out, cluster.FromAPI(ctx, right.Object, "remove what it gives", err)
		}
		if removed {
			out = append(out, right)
		}
	}
	return out, nil
}
