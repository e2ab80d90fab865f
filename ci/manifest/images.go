package manifest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// asNamed returns the images with their whole names where an image is given by the last part of its name alone, and the
// objects have one such; it reports whether there is any.
func asNamed(objects []*unstructured.Unstructured, images []Image) (named []Image, longer bool) {
	named = slices.Clone(images)
	var known []string
	for i, image := range images {
		if used(objects, image) || strings.Contains(image.Name, "/") {
			continue
		}
		if known == nil {
			known = ImagesOf(objects)
		}
		var candidates []string
		for _, name := range known {
			if path.Base(name) == image.Name {
				candidates = append(candidates, name)
			}
		}
		if len(candidates) == 1 {
			named[i].Name, longer = candidates[0], true
		}
	}
	return named, longer
}

// ImagesOf returns the images that the objects name, without tags and digests.
func ImagesOf(objects []*unstructured.Unstructured) []string {
	found := map[string]bool{}
	for _, object := range objects {
		imagesIn(object.Object, found)
	}
	names := map[string]bool{}
	for reference := range found {
		names[ImageName(reference)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// ImageName cuts tag and digest off: a colon before the last slash is that of a port.
func ImageName(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name = name[:colon]
	}
	return name
}

func used(objects []*unstructured.Unstructured, image Image) bool {
	return slices.ContainsFunc(objects, func(object *unstructured.Unstructured) bool { return contains(object.Object, image.reference()) })
}

// usesImages fails for an image that no object names: the overlay would go out with another image than the one built; and for
// one that stands in the overlay as if it was built and is not.
func usesImages(objects []*unstructured.Unstructured, images []Image) error {
	for _, image := range images {
		if used(objects, image) {
			continue
		}
		others := map[string]bool{}
		for _, object := range objects {
			imagesIn(object.Object, others)
		}
		for _, built := range images {
			delete(others, built.reference())
		}
		if len(others) == 0 {
			return fmt.Errorf("no container uses the image %q: the overlay has no container with an image that is not built", image.Name)
		}
		return fmt.Errorf("no container uses the image %q, only %s: say in images which is built, or write %q for it", image.Name, strings.Join(slices.Sorted(maps.Keys(others)), ", "), image.Name)
	}
	if len(images) == 0 {
		return nil
	}
	for _, object := range objects {
		for _, image := range containerImages(object.Object) {
			if image != "" && !strings.ContainsAny(image, "/:@$") {
				return fmt.Errorf("%s %s: nothing builds the image %q, which has no registry, tag or digest: say in images what builds it, or write its tag", object.GetKind(), object.GetName(), image)
			}
		}
	}
	return nil
}

// containerImages are the images of what looks like a pod's containers, wherever in an object.
func containerImages(value any) (out []string) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			out = append(out, containerImages(item)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if key != "containers" && key != "initContainers" {
				out = append(out, containerImages(value[key])...)
				continue
			}
			for _, container := range items(value[key]) {
				image, _ := container["image"].(string)
				out = append(out, image)
			}
		}
	}
	return out
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
