package manifest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Named tells where objects name a Service that a layer's suffix has renamed, as "Deployment api: env DB_HOST". No value is in
// it: it may be a password's.
type Named struct {
	Renamed  []string // it names the Service as it is now
	Doubtful []string // a sentence: it may mean something else, and was left
}

// FollowServices renames what the containers, ConfigMaps and Secrets of a rendered beta say of its own Services, since kustomize
// renames these in the fields alone that are made for the name of a Service. A value is renamed that is as a whole a URL, a host
// and one of the Service's ports, or the Service's name with the namespace; and its plain name, where the variable, key or flag
// is called like the Service or ends in a word for a host. What else looks like it is Doubtful.
func FollowServices(objects []*unstructured.Unstructured, suffix string) Named {
	f := follower{services: servicesOf(objects, suffix), suffix: suffix}
	if len(f.services) == 0 {
		return Named{}
	}
	for _, object := range objects {
		f.at = object.GetKind() + " " + strings.Replace(object.GetName(), suffix, "", 1)
		switch object.GetKind() {
		case "ConfigMap":
			f.followData(object, "data")
		case "Secret":
			f.secret = true
			f.followData(object, "stringData")
			f.followEncoded(object)
			f.secret = false
		default:
			f.followContainers(object.Object)
		}
	}
	return f.named
}

// follower is one call of FollowServices.
type follower struct {
	services services
	suffix   string
	at       string // the object
	secret   bool   // a value that is a Service's plain name may be a password, of which nothing is told
	named    Named
}

// followContainers follows all containers in a JSON value: pod templates of custom kinds, too.
func (f *follower) followContainers(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			f.followContainers(item)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if key == "containers" || key == "initContainers" {
				for _, container := range items(value[key]) {
					f.followContainer(container)
				}
				continue
			}
			f.followContainers(value[key])
		}
	}
}

func (f *follower) followContainer(container map[string]any) {
	for _, variable := range items(container["env"]) {
		name, _ := variable["name"].(string)
		if text, ok := variable["value"].(string); ok {
			variable["value"] = f.follow("env "+name, name, text)
		}
	}
	for _, field := range []string{"command", "args"} {
		list, _ := container[field].([]any)
		former := ""
		for i, item := range list {
			text, ok := item.(string)
			if !ok {
				continue // the API server refuses it
			}
			flag, given, both := strings.Cut(text, "=")
			switch {
			case strings.HasPrefix(text, "-") && both:
				list[i] = flag + "=" + f.follow(field+" "+flag, flag, given)
			case strings.HasPrefix(former, "-"):
				list[i] = f.follow(field+" "+former, former, text)
			case !f.services.has(text): // a word alone may be the name of a program
				list[i] = f.follow(field, "", text)
			}
			former = text
			if both {
				former = ""
			}
		}
	}
}

func (f *follower) followData(object *unstructured.Unstructured, field string) {
	data, _ := object.Object[field].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if text, ok := data[key].(string); ok {
			data[key] = f.follow(key, key, text)
		}
	}
}

func (f *follower) followEncoded(object *unstructured.Unstructured) {
	data, _ := object.Object["data"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(data)) {
		encoded, _ := data[key].(string)
		if text, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			data[key] = base64.StdEncoding.EncodeToString([]byte(f.follow(key, key, string(text))))
		}
	}
}

// follow returns the value as it must be and takes note of what it did.
func (f *follower) follow(where, variable, text string) string {
	whole := strings.TrimRight(text, "\r\n")
	found, certain := f.services.in(whole)
	if found.service == "" {
		return text
	}
	if whole == found.service {
		certain = hostWord.MatchString(variable) || !f.secret && sameName(variable, whole)
		if !certain && (f.secret || otherWord.MatchString(variable)) {
			return text
		}
	}
	if certain {
		f.named.Renamed = append(f.named.Renamed, f.at+": "+where)
		return text[:found.end] + f.suffix + text[found.end:]
	}
	f.named.Doubtful = append(f.named.Doubtful, fmt.Sprintf("%s: %s may name Service %s, which is %s%s in a beta, and is left as it is: see \"Names of Services\" in docs/application.md",
		f.at, where, found.service, found.service, f.suffix))
	return text
}
