package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// selectorPatience is how long a Service without a pod is looked at: its pods may be made
// by what is not among the objects, later or never, so that a deploy need not fail for it.
const selectorPatience = 5 * time.Second

// CheckServices returns an error of class Misconfigured for a Service whose selector no
// pod of the objects can ever match; judged are those of a name, or all where it is "".
// A label that a pod template lacks may be set later, by the application (a database's
// leader) or a webhook; one that it has with another value stays. Where MadeByOthers,
// nothing is certain.
func CheckServices(objects []*unstructured.Unstructured, name string) error {
	if MadeByOthers(objects) {
		return nil
	}
	templates := templatesOf(objects)
	for _, object := range objects {
		selector := selectorOf(object)
		if len(selector) == 0 || name != "" && object.GetName() != name {
			continue
		}
		var differences []string
		beside := slices.DeleteFunc(slices.Clone(templates), func(t template) bool { return t.namespace != object.GetNamespace() })
		for _, t := range beside {
			if key := t.differs(selector); key != "" {
				differences = append(differences, fmt.Sprintf("%s has %s=%s", t.object, key, t.labels[key]))
			}
		}
		if len(beside) > 0 && len(differences) == len(beside) {
			return &cluster.Error{Class: cluster.Misconfigured, Object: managed.Describe(object),
				Cause: "no pod of the overlay matches its selector " + selector.String() + ": " + strings.Join(differences, ", "),
				Try:   "correct its selector, or the labels of the pod template"}
		}
	}
	return nil
}

// MadeByOthers reports whether some of the objects are of a kind that Kubernetes does not
// have: its controller may make pods of which the objects do not tell.
func MadeByOthers(objects []*unstructured.Unstructured) bool {
	return slices.ContainsFunc(objects, func(object *unstructured.Unstructured) bool {
		group := object.GroupVersionKind().Group
		return group != gatewayGroup && !scheme.Scheme.IsGroupRegistered(group)
	})
}

// template is what the pods of an object will be labelled with.
type template struct {
	object    string
	namespace string
	labels    labels.Set
}

// templatesOf finds pods and their templates, those of custom kinds that look like a
// Deployment included.
func templatesOf(objects []*unstructured.Unstructured) []template {
	var out []template
	for _, object := range objects {
		for _, field := range []string{"spec.template", "spec.jobTemplate.spec.template"} {
			pod, found, _ := unstructured.NestedMap(object.Object, strings.Split(field, ".")...)
			if found {
				set, _, _ := unstructured.NestedStringMap(pod, "metadata", "labels")
				out = append(out, template{object.GetKind() + " " + object.GetName(), object.GetNamespace(), set})
			}
		}
		if object.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("Pod") {
			out = append(out, template{"Pod " + object.GetName(), object.GetNamespace(), object.GetLabels()})
		}
	}
	return out
}

// differs returns the first label that the template has otherwise than selected, or "".
func (t template) differs(selector labels.Set) string {
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		if value, has := t.labels[key]; has && value != selector[key] {
			return key
		}
	}
	return ""
}

// matches is true for a template that lacks only what a controller adds to its pods.
func (t template) matches(selector labels.Set) bool {
	for key := range selector {
		_, has := t.labels[key]
		group, _, _ := strings.Cut(key, "/")
		if !has && group != "statefulset.kubernetes.io" && group != "apps.kubernetes.io" && group != "batch.kubernetes.io" {
			return false
		}
	}
	return t.differs(selector) == ""
}

// selectorOf returns nil for what is no Service, and for a Service whose endpoints
// somebody else makes: one without a selector, or an ExternalName.
func selectorOf(object *unstructured.Unstructured) labels.Set {
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
	if object.GroupVersionKind() != corev1.SchemeGroupVersion.WithKind("Service") || kind == string(corev1.ServiceTypeExternalName) {
		return nil
	}
	selector, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
	return selector
}

// selecting returns the target of a Service that none of the templates is for, which is
// then watched together with all pods; every other target as it is.
func selecting(t *target, object *unstructured.Unstructured, templates []template) *target {
	selector := selectorOf(object)
	if len(selector) == 0 || slices.ContainsFunc(templates, func(t template) bool { return t.namespace == object.GetNamespace() && t.matches(selector) }) {
		return t
	}
	if t == nil {
		t = &target{object: object, rule: none, kept: cluster.Services, place: object.GetNamespace()}
	}
	judge := t.rule.judge
	t.rule.also = append(slices.Clone(t.rule.also), cluster.Pods)
	t.rule.judge = func(v *view, live metav1.Object, g glance) finding {
		if f := judge(v, live, g); f.lacks != "" {
			return f
		}
		return v.judgeSelector(object, selector)
	}
	return t
}

func (v *view) judgeSelector(service *unstructured.Unstructured, selector labels.Set) finding {
	for _, pod := range informer.ListOf[*corev1.Pod](v.informers[cluster.Pods].List()) {
		if pod.Namespace == service.GetNamespace() && selector.AsSelector().Matches(labels.Set(pod.Labels)) {
			return finding{}
		}
	}
	lacks := "no pod matches its selector " + selector.String()
	return finding{lacks: lacks, patience: selectorPatience, left: lacks}
}
