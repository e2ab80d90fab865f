package rollout

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/jsonpath"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// readyAnnotation says when an object is done: "{.status.phase}=Running", as for
// kubectl wait --for=jsonpath; without a value, when there is any.
const readyAnnotation = "slipway.dev/ready"

// expression is a condition on an object's fields.
type expression struct {
	text   string
	path   *jsonpath.JSONPath
	wanted string
	value  bool // whether a value is wanted; else that there is one at all
}

// expressionOf returns the readiness expression of an object, nil if it has none.
func expressionOf(object *unstructured.Unstructured) (*expression, error) {
	text, ok := object.GetAnnotations()[readyAnnotation]
	if !ok {
		return nil, nil
	}
	parsed, err := parseExpression(text)
	if err != nil {
		return nil, &cluster.Error{Class: cluster.Misconfigured, Object: managed.Describe(object), Try: `write it as "{.status.phase}=Running", or "{.status.phase}" for any value`, Err: err,
			Cause: fmt.Sprintf("its annotation %s is %q: %s", readyAnnotation, text, cluster.OneLine(err.Error()))}
	}
	return parsed, nil
}

// parseExpression reads {PATH}=VALUE, with "=" or "==", and {PATH}.
func parseExpression(text string) (*expression, error) {
	text = strings.TrimSpace(text)
	end := strings.LastIndex(text, "}")
	if !strings.HasPrefix(text, "{") || end < 0 {
		return nil, fmt.Errorf("a path in braces is missing")
	}
	out := &expression{text: text, path: jsonpath.New("ready").AllowMissingKeys(true)}
	if rest := strings.TrimSpace(text[end+1:]); rest != "" {
		wanted, ok := strings.CutPrefix(rest, "=")
		if wanted = strings.TrimSpace(strings.TrimPrefix(wanted, "=")); !ok || wanted == "" {
			return nil, fmt.Errorf("after the path comes = and a value")
		}
		if unquoted, err := strconv.Unquote(wanted); err == nil {
			wanted = unquoted
		}
		out.wanted, out.value = wanted, true
	}
	if strings.TrimSpace(text[1:end]) == "" {
		return nil, fmt.Errorf("the path is empty")
	}
	return out, out.path.Parse(text[:end+1])
}

// lacks says what of the expression does not hold for an object's fields.
func (e *expression) lacks(fields map[string]any) string {
	results, err := e.path.FindResults(fields)
	if err != nil {
		return fmt.Sprintf("%s cannot be read: %s", e.text, cluster.OneLine(err.Error()))
	}
	var found []string
	for _, result := range results {
		for _, value := range result {
			if text, ok := scalar(value); ok || !e.value {
				found = append(found, text)
			}
		}
	}
	switch {
	case len(found) == 0:
		return e.text + " does not hold, there is no value"
	case !e.value:
		return ""
	}
	for _, text := range found {
		if text != e.wanted {
			return fmt.Sprintf("%s does not hold, the value is %s", e.text, text)
		}
	}
	return ""
}

// scalar prints a plain value as YAML would; objects and lists are none.
func scalar(value reflect.Value) (string, bool) {
	for value.Kind() == reflect.Interface && !value.IsNil() {
		value = value.Elem()
	}
	switch value.Kind() {
	case reflect.String, reflect.Bool, reflect.Int64, reflect.Float64:
		return fmt.Sprint(value.Interface()), true
	}
	return "", false
}

// lacksIn is lacks for an object of any Go type.
func (e *expression) lacksIn(live metav1.Object) string {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(live)
	if err != nil {
		return cluster.OneLine(err.Error())
	}
	return e.lacks(fields)
}
