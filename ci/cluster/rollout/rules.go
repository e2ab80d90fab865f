package rollout

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// rule says how objects of a kind are judged.
type rule struct {
	kept     schema.GroupVersionResource   // where the server keeps them; empty: discovery knows
	also     []schema.GroupVersionResource // what else must be watched to judge them
	events   bool                          // whether some of what can go wrong is told by events only
	workload bool                          // whether it has pods; a readiness expression then comes on top, else in the rule's place
	judge    func(*view, metav1.Object, glance) finding
}

const gatewayGroup = "gateway.networking.k8s.io"

var (
	conditions = rule{judge: of((*view).judgeCustom)}
	route      = rule{judge: of((*view).judgeRoute)}
	none       = rule{judge: func(*view, metav1.Object, glance) finding { return finding{} }}
)

// rules holds the kinds that are not done by being written.
var rules = map[schema.GroupKind]rule{
	{Group: "apps", Kind: "Deployment"}:                               {cluster.Deployments, []schema.GroupVersionResource{cluster.ReplicaSets, cluster.Pods}, false, true, of((*view).judgeDeployment)},
	{Group: "apps", Kind: "StatefulSet"}:                              {cluster.StatefulSets, []schema.GroupVersionResource{cluster.Pods}, true, true, of((*view).judgeStatefulSet)},
	{Group: "apps", Kind: "DaemonSet"}:                                {cluster.DaemonSets, []schema.GroupVersionResource{cluster.Pods}, true, true, of((*view).judgeDaemonSet)},
	{Group: "batch", Kind: "Job"}:                                     {cluster.Jobs, []schema.GroupVersionResource{cluster.Pods}, true, true, of((*view).judgeJob)},
	{Group: "", Kind: "Pod"}:                                          {cluster.Pods, nil, false, true, of((*view).judgePod)},
	{Group: "", Kind: "PersistentVolumeClaim"}:                        {cluster.Claims, nil, true, false, of((*view).judgeClaim)},
	{Group: "", Kind: "Service"}:                                      {cluster.Services, nil, false, false, of((*view).judgeService)},
	{Group: "networking.k8s.io", Kind: "Ingress"}:                     {cluster.Ingresses, nil, false, false, of((*view).judgeIngress)},
	{Group: gatewayGroup, Kind: "Gateway"}:                            {judge: of((*view).judgeGateway)},
	{Group: "route.openshift.io", Kind: "Route"}:                      {judge: of((*view).judgeOpenShiftRoute)},
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: {kept: cluster.Definitions, judge: of((*view).judgeDefinition)},
}

// of makes a judgement of one Go type one of any object.
func of[T metav1.Object](judge func(*view, T, glance) finding) func(*view, metav1.Object, glance) finding {
	return func(v *view, object metav1.Object, g glance) finding {
		live, ok := object.(T)
		if !ok {
			return finding{lacks: fmt.Sprintf("unexpected type %T", object)}
		}
		return judge(v, live, g)
	}
}

// ruleOf returns the rule of an object; false when it is done by being written.
// A custom kind is judged by its conditions, as far as it has some.
func ruleOf(object *unstructured.Unstructured) (rule, bool) {
	kind := object.GroupVersionKind().GroupKind()
	found, ok := rules[kind]
	switch {
	case ok && found.kept == cluster.Services:
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
		return found, kind == string(corev1.ServiceTypeLoadBalancer)
	case ok:
		return found, true
	case kind.Group == gatewayGroup && strings.HasSuffix(kind.Kind, "Route"):
		return route, true
	}
	return conditions, !scheme.Scheme.IsGroupRegistered(kind.Group)
}

// target is an object that is waited for.
type target struct {
	object *unstructured.Unstructured
	rule   rule
	kept   schema.GroupVersionResource
	place  string      // namespace, "" when its kind has none
	ready  *expression // that its annotation gives, or nil
}

// targetOf returns nil for an object that is done by being written. Only kinds that
// are not of Kubernetes itself are looked up.
func targetOf(ctx context.Context, c *cluster.Cluster, object *unstructured.Unstructured) (*target, error) {
	rule, waited := ruleOf(object)
	ready, err := expressionOf(object)
	if err != nil {
		return nil, err
	}
	switch {
	case !waited && ready == nil:
		return nil, nil
	case !waited:
		rule = none
	case ready != nil && !rule.workload:
		rule.judge = none.judge
	}
	t := &target{object: object, rule: rule, kept: rule.kept, place: object.GetNamespace(), ready: ready}
	if t.kept == cluster.Definitions {
		t.place = ""
	}
	if !t.kept.Empty() {
		return t, nil
	}
	found, err := c.Resource(ctx, object)
	if err != nil {
		return nil, err
	}
	if t.kept = found.Gvr; !found.Namespaced {
		t.place = ""
	}
	return t, nil
}
