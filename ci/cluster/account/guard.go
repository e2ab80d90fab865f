package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	polling "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
)

// The policy looks at whatever kind matched, so its expressions leave types aside:
// dyn(). What an object has not is none, which a variable cannot be: it ends as {}.
const (
	podSpecOf = `(request.kind.kind == 'Pod' ? dyn(object).?spec :
request.kind.kind == 'CronJob' ? dyn(object).?spec.?jobTemplate.?spec.?template.?spec :
request.kind.kind == 'PodTemplate' ? dyn(object).?template.?spec :
dyn(object).?spec.?template.?spec).orValue({})`
	noPodRunsAs = `variables.pod.?serviceAccountName.orValue('') != '` + Account + `' && variables.pod.?serviceAccount.orValue('') != '` + Account + `'`
	noTokenOf   = `request.kind.kind != 'Secret' || dyn(object).?type.orValue('') != 'kubernetes.io/service-account-token' ||
dyn(object).?metadata.?annotations[?'kubernetes.io/service-account.name'].orValue('') != '` + Account + `'`
	notLeaving = `!has(object.metadata.deletionTimestamp)`
)

// GuardName names the policy of a namespace, and what binds it.
func GuardName(namespace string) string { return "slipway-account." + namespace }

// Guard returns what lets no pod of a namespace act as the pipeline, whoever makes it:
// an admission policy, with its binding, that refuses pods and templates of pods that
// run as the pipeline's account, and Secrets that would hold its token. Both belong to
// the whole cluster, so that nobody with rights in the namespace alone can change them.
func Guard(namespace string, labels map[string]string) ([]*unstructured.Unstructured, error) {
	meta := metav1.ObjectMeta{Name: GuardName(namespace), Labels: labels}
	kind := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: kind}
	}
	policy := &admissionv1.ValidatingAdmissionPolicy{TypeMeta: kind("ValidatingAdmissionPolicy"), ObjectMeta: meta, Spec: admissionv1.ValidatingAdmissionPolicySpec{
		FailurePolicy: ptr.To(admissionv1.Fail),
		MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{
			whenWritten("", []string{"pods"}, admissionv1.Create), // the field of one that is there cannot change
			whenWritten("", []string{"replicationcontrollers", "podtemplates", "secrets"}, admissionv1.Create, admissionv1.Update),
			whenWritten("apps", []string{"deployments", "statefulsets", "daemonsets", "replicasets"}, admissionv1.Create, admissionv1.Update),
			whenWritten("batch", []string{"jobs", "cronjobs"}, admissionv1.Create, admissionv1.Update),
		}},
		MatchConditions: []admissionv1.MatchCondition{{Name: "stays", Expression: notLeaving}}, // what is removed must be let go
		Variables:       []admissionv1.Variable{{Name: "pod", Expression: podSpecOf}},
		Validations: []admissionv1.Validation{
			{Expression: noPodRunsAs, Reason: ptr.To(metav1.StatusReasonForbidden), Message: "no pod may run as ServiceAccount " + Account + ", which is the pipeline's own"},
			{Expression: noTokenOf, Reason: ptr.To(metav1.StatusReasonForbidden), Message: "no Secret may hold a token of ServiceAccount " + Account + ", which is the pipeline's own"},
		},
	}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{TypeMeta: kind("ValidatingAdmissionPolicyBinding"), ObjectMeta: meta,
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: meta.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}}}}
	var out []*unstructured.Unstructured
	for _, typed := range []any{policy, binding} {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
		if err != nil {
			return nil, fmt.Errorf("policy of namespace %s: %w", namespace, err)
		}
		delete(content, "status")
		unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
		out = append(out, &unstructured.Unstructured{Object: content})
	}
	return out, nil
}

func whenWritten(group string, resources []string, operations ...admissionv1.OperationType) admissionv1.NamedRuleWithOperations {
	return admissionv1.NamedRuleWithOperations{RuleWithOperations: admissionv1.RuleWithOperations{Operations: operations,
		Rule: admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: resources}}}
}

// guardTime is how long an API server may take to hold to a policy that it has.
const guardTime = 30 * time.Second

// AwaitGuard returns when the API server refuses what the policy of the namespace
// forbids: it learns of a policy some moments after that is written, and tells nobody
// when. What it is asked for is a dry run.
func AwaitGuard(ctx context.Context, c *cluster.Cluster, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, guardTime)
	defer cancel()
	object := "ValidatingAdmissionPolicy " + GuardName(namespace)
	token := &corev1.Secret{Type: corev1.SecretTypeServiceAccountToken,
		ObjectMeta: metav1.ObjectMeta{GenerateName: "slipway-guard-", Annotations: map[string]string{corev1.ServiceAccountNameKey: Account}}}
	err := polling.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := c.Typed.CoreV1().Secrets(namespace).Create(ctx, token.DeepCopy(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if apierrors.IsForbidden(err) && strings.Contains(err.Error(), GuardName(namespace)) {
			return true, nil
		}
		return false, err
	})
	if polling.Interrupted(err) {
		return informer.Ended(ctx, object, "the API server does not hold to it yet")
	}
	return cluster.FromAPI(ctx, object, "try it", err)
}
