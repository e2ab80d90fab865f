package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// usesImages fails for an image that no object names: the overlay would go out with another image than the one built.
func usesImages(objects []*unstructured.Unstructured, images []Image) error {
	for _, image := range images {
		named := func(object *unstructured.Unstructured) bool { return contains(object.Object, image.reference()) }
		if slices.ContainsFunc(objects, named) {
			continue
		}
		others := map[string]bool{}
		for _, object := range objects {
			imagesIn(object.Object, others)
		}
		if len(others) == 0 {
			return fmt.Errorf("no container uses the image %q: the overlay has no container with an image", image.Name)
		}
		return fmt.Errorf("no container uses the image %q, only %s: write %q for the one that is built", image.Name, strings.Join(slices.Sorted(maps.Keys(others)), ", "), image.Name)
	}
	return nil
}

// contains tells whether text is one of the strings in a JSON value.
func contains(value any, text string) bool {
	switch value := value.(type) {
	case string:
		return value == text
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return contains(item, text) })
	case map[string]any:
		for _, item := range value {
			if contains(item, text) {
				return true
			}
		}
	}
	return false
}

// imagesIn adds what fields of the name image hold, which custom kinds have, too.
func imagesIn(value any, found map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			imagesIn(item, found)
		}
	case map[string]any:
		for key, item := range value {
			if text, ok := item.(string); ok && key == "image" {
				found[text] = true
			}
			imagesIn(item, found)
		}
	}
}
