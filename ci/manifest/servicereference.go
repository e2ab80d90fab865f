package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// services are those of an overlay, by the name that they have there.
type services map[string]service

type service struct {
	namespace string
	ports     []string
}

// servicesOf finds the Services that have the suffix.
func servicesOf(objects []*unstructured.Unstructured, suffix string) services {
	found := services{}
	for _, object := range objects {
		plain, ok := strings.CutSuffix(object.GetName(), suffix)
		if suffix == "" || !ok || object.GetAPIVersion() != "v1" || object.GetKind() != "Service" {
			continue
		}
		s := service{namespace: object.GetNamespace()}
		ports, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "ports")
		for _, port := range items(ports) {
			s.ports = append(s.ports, fmt.Sprint(port["port"]))
		}
		found[plain] = s
	}
	return found
}

// reference is where a text names a Service: its name ends at end.
type reference struct {
	service string
	end     int
}

var (
	// jdbc:postgresql:// has a scheme with a colon.
	urlPattern      = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.:-]*://(?:[^/?#\s]*@)?([a-zA-Z0-9.-]+)(?::[0-9]+)?(?:[/?#]\S*)?$`)
	hostPortPattern = regexp.MustCompile(`^([a-zA-Z0-9.-]+):([0-9]{1,5})$`)
	hostPattern     = regexp.MustCompile(`^[a-zA-Z0-9.-]+$`)
	ordinalPattern  = regexp.MustCompile(`^[a-z0-9-]+-[0-9]+$`)
	between         = regexp.MustCompile("[\\s,;=()\\[\\]{}<>|'\"`]+")

	hostWord  = regexp.MustCompile(`(?i)(host|hostname|addr|address|server|endpoint|url|uri)$`)
	otherWord = regexp.MustCompile(`(?i)(user|username|password|role|database|name)$`) // which a default often calls like the program
)

func (s services) has(name string) bool { _, ok := s[name]; return ok }

// in finds a Service that text names, and tells whether the text as a whole certainly does.
func (s services) in(text string) (found reference, certain bool) {
	if hostPattern.MatchString(text) {
		found, certain = s.host(text, 0, len(text))
		return found, certain && text != found.service
	}
	if found, certain = s.address(text); found.service != "" {
		return found, certain
	}
	for _, word := range between.Split(text, -1) {
		if found, _ = s.address(word); found.service != "" {
			return found, false
		}
	}
	return reference{}, false
}

// address finds a Service in a URL, or before a port.
func (s services) address(text string) (found reference, certain bool) {
	if at := urlPattern.FindStringSubmatchIndex(text); at != nil {
		return s.host(text, at[2], at[3])
	}
	if at := hostPortPattern.FindStringSubmatchIndex(text); at != nil {
		found, certain = s.host(text, at[2], at[3])
		return found, certain && slices.Contains(s[found.service].ports, text[at[4]:at[5]])
	}
	return reference{}, false
}

// host finds a Service of which text[start:end] is the name, alone or with its own namespace. A pod's name before that of its
// Service is renamed, too, but not here.
func (s services) host(text string, start, end int) (found reference, certain bool) {
	name, rest, qualified := strings.Cut(text[start:end], ".")
	if known, ok := s[name]; ok && (!qualified || inNamespace(rest, known.namespace)) {
		return reference{service: name, end: start + len(name)}, true
	}
	if of, rest, qualified := strings.Cut(rest, "."); ordinalPattern.MatchString(name) {
		if known, ok := s[of]; ok && (!qualified || inNamespace(rest, known.namespace)) {
			return reference{service: of}, false
		}
	}
	return reference{}, false
}

// inNamespace tells whether what follows a Service's name is its namespace, with or without the cluster's domain.
func inNamespace(rest, namespace string) bool {
	rest, ok := strings.CutPrefix(rest, namespace)
	return ok && namespace != "" && (rest == "" || rest == ".svc" || strings.HasPrefix(rest, ".svc."))
}

// sameName tells whether a variable is called like a Service: MESSAGE_QUEUE like message-queue.
func sameName(variable, service string) bool {
	plain := strings.NewReplacer("-", "", "_", "", ".", "")
	return strings.EqualFold(plain.Replace(variable), plain.Replace(service))
}
