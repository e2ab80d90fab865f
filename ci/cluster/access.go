package cluster

import (
	"context"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Permission is a verb on a resource.
type Permission struct{ Verb, Group, Resource string }

func (p Permission) String() string {
	if p.Group == "" {
		return p.Verb + " " + p.Resource
	}
	return p.Verb + " " + p.Resource + "." + p.Group
}

// ToForward is what a port-forward to a pod needs; over WebSocket it is opened by GET (KEP-4006).
var ToForward = []Permission{{"create", "", "pods/portforward"}, {"get", "", "pods/portforward"}}

// Required is what every deploy needs; what an overlay needs beyond that shows in
// the dry run, before anything is written.
var Required = []Permission{
	{"get", "", "configmaps"}, {"create", "", "configmaps"}, {"patch", "", "configmaps"}, {"delete", "", "configmaps"},
	{"get", "", "secrets"}, {"list", "", "secrets"}, {"create", "", "secrets"}, {"patch", "", "secrets"},
	{"patch", "", "services"}, {"create", "apps", "deployments"}, {"patch", "apps", "deployments"}, {"delete", "apps", "deployments"},
	{"list", "", "pods"}, {"watch", "", "pods"}, {"watch", "apps", "deployments"}, {"watch", "apps", "replicasets"},
	{"watch", "discovery.k8s.io", "endpointslices"},
}

// CheckAccess returns nil when the namespace exists and a deploy may be made in
// it, and whatever else is needed there may be done; nothing is written. The error is Misconfigured when there is no such
// namespace (or the credentials may do nothing at all in it, which looks the same
// to who may not read namespaces), Admission when a permission is missing.
func (c *Cluster) CheckAccess(ctx context.Context, namespace string, more ...Permission) error {
	object := "namespace " + namespace
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "slipway-access-"}}
	_, err := c.Typed.CoreV1().ConfigMaps(namespace).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	switch {
	case apierrors.IsNotFound(err):
		return &Error{Class: Misconfigured, Object: object, Cause: "does not exist", Try: "run bootstrap", Err: err}
	case err != nil && !apierrors.IsForbidden(err):
		return FromAPI(ctx, object, "check access", err)
	}
	rules, failed := c.Rules(ctx, namespace)
	if failed != nil {
		return failed
	}
	required := append(slices.Clone(Required), more...)
	missing, confirmErr := c.missing(ctx, namespace, rules, required)
	switch {
	case confirmErr != nil:
		return confirmErr
	case len(missing) == len(required):
		return &Error{Class: Misconfigured, Object: object, Cause: "does not exist, or these credentials may do nothing in it", Try: "run bootstrap", Err: err}
	case len(missing) > 0:
		return &Error{Class: Admission, Object: object, Cause: "these credentials may not " + strings.Join(missing, ", "), Try: "run bootstrap, or use credentials that may"}
	}
	return FromAPI(ctx, object, "check access", err) // permitted, yet refused: a quota or a webhook
}

// missing returns the required permissions that are not granted. Rules may be
// listed incompletely (webhook authorizers), so what they lack is asked for one
// by one.
func (c *Cluster) missing(ctx context.Context, namespace string, rules authorizationv1.SubjectRulesReviewStatus, required []Permission) ([]string, error) {
	var out []string
	for _, p := range required {
		if Granted(rules.ResourceRules, p) {
			continue
		}
		if rules.Incomplete {
			allowed, err := c.allowed(ctx, namespace, p)
			if err != nil {
				return nil, err
			}
			if allowed {
				continue
			}
		}
		out = append(out, p.String())
	}
	return out, nil
}

func (c *Cluster) allowed(ctx context.Context, namespace string, p Permission) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: p.Verb, Group: p.Group, Resource: p.Resource},
	}}
	answer, err := c.Typed.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, FromAPI(ctx, "namespace "+namespace, "check access", err)
	}
	return answer.Status.Allowed, nil
}

func Granted(rules []authorizationv1.ResourceRule, p Permission) bool {
	has := func(list []string, value string) bool {
		return slices.Contains(list, value) || slices.Contains(list, "*")
	}
	return slices.ContainsFunc(rules, func(rule authorizationv1.ResourceRule) bool {
		return len(rule.ResourceNames) == 0 && has(rule.Verbs, p.Verb) && has(rule.APIGroups, p.Group) && has(rule.Resources, p.Resource)
	})
}

// Rules returns what the credentials may do in a namespace; it is asked once.
func (c *Cluster) Rules(ctx context.Context, namespace string) (authorizationv1.SubjectRulesReviewStatus, error) {
	c.mutex.Lock()
	known, ok := c.granted[namespace]
	c.mutex.Unlock()
	if ok {
		return known, nil
	}
	review := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}
	answer, err := c.Typed.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return authorizationv1.SubjectRulesReviewStatus{}, FromAPI(ctx, "namespace "+namespace, "check access", err)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.granted == nil {
		c.granted = map[string]authorizationv1.SubjectRulesReviewStatus{}
	}
	c.granted[namespace] = answer.Status
	return answer.Status, nil
}
