package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// define makes kinds known that other clusters have by themselves. It is done before any
// test, for a definition is the whole cluster's: it would come and go in others' snapshots.
func (w *world) define(ctx context.Context) error {
	content, err := os.ReadFile(filepath.Join("testdata", "openshift", "routes.yaml"))
	if err != nil {
		return err
	}
	definition, err := parsed(string(content))
	if err != nil {
		return err
	}
	client, name := w.dynamic.Resource(definitions), definition.GetName()
	if _, err := client.Get(ctx, name, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		w.defined = append(w.defined, name)
	}
	if _, err := client.Apply(ctx, name, definition, metav1.ApplyOptions{FieldManager: "e2e", Force: true}); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err = w.dynamic.Resource(routes).List(ctx, metav1.ListOptions{}); err == nil || time.Now().After(end) {
			return err
		}
	}
}

func (w *world) removeDefinitions() (failed error) {
	for _, name := range w.defined {
		failed = errors.Join(failed, w.dynamic.Resource(definitions).Delete(context.Background(), name, metav1.DeleteOptions{}))
	}
	return failed
}

func parsed(text string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	return object, yaml.Unmarshal([]byte(text), &object.Object)
}
