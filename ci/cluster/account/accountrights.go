package account

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// forbidden are what the pipeline's account must have no right to in its own namespace
// either: each would make it somebody else, or more.
var forbidden = []cluster.Permission{
	{Verb: "create", Group: "", Resource: "serviceaccounts/token"}, {Verb: "impersonate", Group: "", Resource: "serviceaccounts"},
	{Verb: "create", Group: rbacv1.GroupName, Resource: "roles"}, {Verb: "create", Group: rbacv1.GroupName, Resource: "rolebindings"},
}

// CheckAccount returns nil when the objects that an administrator is about to apply to a
// namespace hold the pipeline's account for it, give no account of another namespace
// rights there, and let ours neither become another nor pass rights on. An older copy of
// these objects has one account for both namespaces.
func CheckAccount(objects []*unstructured.Unstructured, namespace string) error {
	made := slices.ContainsFunc(objects, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == "ServiceAccount" && o.GetName() == Account && o.GetNamespace() == namespace
	})
	if !made {
		return fmt.Errorf("want a ServiceAccount %s: each of the two namespaces has one of its own", Account)
	}
	for _, object := range objects {
		switch object.GetKind() {
		case "RoleBinding", "ClusterRoleBinding":
			var binding rbacv1.RoleBinding
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &binding); err != nil {
				return fmt.Errorf("%s: %w", managed.Describe(object), err)
			}
			for _, subject := range binding.Subjects {
				if subject.Kind == rbacv1.ServiceAccountKind && subject.Namespace != namespace {
					return fmt.Errorf("%s: gives ServiceAccount %s/%s rights in %s: leave the subject's namespace out, so that it is this one's", managed.Describe(object), subject.Namespace, subject.Name, namespace)
				}
			}
		case "Role", "ClusterRole":
			var role rbacv1.Role
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
				return fmt.Errorf("%s: %w", managed.Describe(object), err)
			}
			for _, p := range forbidden {
				if slices.ContainsFunc(role.Rules, grants(p)) {
					return fmt.Errorf("%s: lets its account %s, by which it could act as another account or gain more rights", managed.Describe(object), p)
				}
			}
		}
	}
	return nil
}

// grants returns what reports whether a rule grants the permission, for some objects at least.
func grants(p cluster.Permission) func(rbacv1.PolicyRule) bool {
	_, subresource, _ := strings.Cut(p.Resource, "/")
	has := func(list []string, values ...string) bool {
		return slices.ContainsFunc(append(values, "*"), func(value string) bool { return slices.Contains(list, value) })
	}
	return func(rule rbacv1.PolicyRule) bool {
		return has(rule.Verbs, p.Verb) && has(rule.APIGroups, p.Group) && has(rule.Resources, p.Resource, "*/"+subresource)
	}
}
