package cluster

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// forbidden are what the pipeline's account must have no right to in its own namespace
// either: each would make it somebody else, or more.
var forbidden = []permission{
	{"create", "", "serviceaccounts/token"}, {"impersonate", "", "serviceaccounts"},
	{"create", rbacv1.GroupName, "roles"}, {"create", rbacv1.GroupName, "rolebindings"},
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
				return fmt.Errorf("%s: %w", describe(object), err)
			}
			for _, subject := range binding.Subjects {
				if subject.Kind == rbacv1.ServiceAccountKind && subject.Namespace != namespace {
					return fmt.Errorf("%s: gives ServiceAccount %s/%s rights in %s: leave the subject's namespace out, so that it is this one's", describe(object), subject.Namespace, subject.Name, namespace)
				}
			}
		case "Role", "ClusterRole":
			var role rbacv1.Role
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
				return fmt.Errorf("%s: %w", describe(object), err)
			}
			for _, p := range forbidden {
				if slices.ContainsFunc(role.Rules, grants(p)) {
					return fmt.Errorf("%s: lets its account %s, and so become another, or more", describe(object), p)
				}
			}
		}
	}
	return nil
}

// grants returns what reports whether a rule grants the permission, for some objects at least.
func grants(p permission) func(rbacv1.PolicyRule) bool {
	_, subresource, _ := strings.Cut(p.resource, "/")
	has := func(list []string, values ...string) bool {
		return slices.ContainsFunc(append(values, "*"), func(value string) bool { return slices.Contains(list, value) })
	}
	return func(rule rbacv1.PolicyRule) bool {
		return has(rule.Verbs, p.verb) && has(rule.APIGroups, p.group) && has(rule.Resources, p.resource, "*/"+subresource)
	}
}
