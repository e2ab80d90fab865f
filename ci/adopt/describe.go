package adopt

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// describe composes the description: only what differs from the conventions, each line
// with the reason for it.
func (l *look) describe(objects []*unstructured.Unstructured) {
	var text strings.Builder
	fmt.Fprintf(&text, "# yaml-language-server: $schema=%s\nname: %s # of the application, and of its namespaces %s and %s-build\n", description.SchemaURL, l.Name, l.Name, l.Name)
	builds := l.match(manifest.ImagesOf(objects))
	if l.whole != "" {
		fmt.Fprintf(&text, "overlays: {beta: %s, production: %s} # one kustomization for both\n", l.whole, l.whole)
	}
	text.WriteString(l.images(builds))
	text.WriteString(l.reached(objects, builds))
	text.WriteString(l.security(objects))
	l.tests(builds)
	l.add(description.File, text.String())
}

// build is a Dockerfile and the image in the manifests that it makes.
type build struct{ dockerfile, image string }

// match finds which Dockerfile makes which image: by the name of its folder, or because
// only one of each is left.
func (l *look) match(images []string) (out []build) {
	left := slices.DeleteFunc(slices.Clone(images), func(image string) bool { return slices.Contains(published, path.Base(image)) })
	taken := func(dockerfile, image string) {
		out = append(out, build{dockerfile, image})
		left = slices.DeleteFunc(left, func(i string) bool { return i == image })
	}
	var rest []string
	for _, dockerfile := range l.seen.dockerfiles {
		image := ""
		for _, candidate := range left {
			if slices.Contains(l.namesOf(dockerfile), path.Base(candidate)) {
				image = candidate
				break
			}
		}
		if image == "" {
			rest = append(rest, dockerfile)
			continue
		}
		taken(dockerfile, image)
	}
	if len(rest) == 1 && len(left) == 1 {
		l.assume("%s makes the image %s: no other Dockerfile and no other image is left", rest[0], left[0])
		taken(rest[0], left[0])
		rest = nil
	}
	for _, image := range left {
		if slices.ContainsFunc(out, func(b build) bool { return path.Dir(b.image) == path.Dir(image) && path.Dir(image) != "." }) {
			l.decide("nothing here builds the image %s, which stays as the manifests have it", image)
		}
	}
	for _, dockerfile := range rest {
		l.decide("%s makes none of the images in the manifests: nothing is built from it", dockerfile)
	}
	return out
}

// published are images that nobody builds for an application of that name.
var published = []string{"postgres", "mysql", "mariadb", "mongo", "redis", "valkey", "rabbitmq", "nats", "memcached", "busybox", "alpine", "kafka", "elasticsearch", "minio"}

// namesOf are the names that the image of a Dockerfile may have.
func (l *look) namesOf(dockerfile string) []string {
	var names []string
	for at := path.Dir(dockerfile); at != path.Clean(l.Folder) && at != "."; at = path.Dir(at) {
		folder := path.Base(at)
		names = append(names, folder, l.Name+"-"+folder, l.Name+folder)
	}
	if len(names) == 0 {
		names = []string{l.Name}
	}
	if _, kind, found := strings.Cut(path.Base(dockerfile), "Dockerfile."); found {
		names = append(names, kind, l.Name+"-"+kind)
	}
	return names
}

// images describes the builds, unless they are as by convention.
func (l *look) images(builds []build) string {
	if len(builds) == 1 && builds[0].image == l.Name && builds[0].dockerfile == path.Join(l.Folder, "Dockerfile") {
		return ""
	}
	if len(builds) == 0 {
		l.decide("no Dockerfile makes an image of the manifests: say in images which does")
		return ""
	}
	var text strings.Builder
	text.WriteString("images: # as the manifests name them, and what builds each\n")
	for _, b := range builds {
		fmt.Fprintf(&text, "- name: %s\n", b.image)
		if within := l.within(path.Dir(b.dockerfile)); within != "" {
			fmt.Fprintf(&text, "  context: %s\n", within)
			l.assume("%s is built in its own folder", b.dockerfile)
		}
		if base := path.Base(b.dockerfile); base != "Dockerfile" {
			fmt.Fprintf(&text, "  dockerfile: %s\n", base)
		}
	}
	return text.String()
}

// reached describes the Service that users reach where the manifests do not say which, and
// where its health is where no probe tells.
func (l *look) reached(objects []*unstructured.Unstructured, builds []build) string {
	services := manifest.Typed[corev1.Service](objects, corev1.SchemeGroupVersion.WithKind("Service"))
	if len(services) == 0 {
		l.assume("it is a worker: no Service, so that it is ready when its objects are")
		return ""
	}
	var text strings.Builder
	var app description.Application
	reached, err := front.Of(app, objects, "")
	if err != nil {
		app.Service = l.likely(services, objects, builds)
		fmt.Fprintf(&text, "service: %s # the one that users reach: no Ingress says which\n", app.Service)
		var names []string
		for _, s := range services {
			names = append(names, s.Name)
		}
		l.decide("Service %s is taken for the one that users reach: no Ingress says which of %s is", app.Service, strings.Join(names, ", "))
		if reached, err = front.Of(app, objects, ""); err != nil {
			l.decide("%s", err)
			return text.String()
		}
	}
	if !reached.Public {
		l.assume("no address is public: tests and health go to Service %s", reached.Service)
	} else {
		l.assume("betas have no address outside, for nothing says that the application can be below another path: tests go to their Service %s; betas: {host: ...} or {path: ...} gives them one", reached.Service)
	}
	if !reached.Probed {
		text.WriteString("health: / # no probe asks for a path: one that answers 2xx when the application can be used\n")
		l.decide("no probe asks for a path, so that the health of Service %s is asked at /", reached.Service)
	}
	return text.String()
}

// likely is the Service that users most likely reach: one that the cluster puts outside,
// else one whose pods are asked by HTTP and are built here, else one with a name for it.
func (l *look) likely(services []*corev1.Service, objects []*unstructured.Unstructured, builds []build) string {
	points := func(s *corev1.Service) (sum int) {
		if s.Spec.Type == corev1.ServiceTypeLoadBalancer || s.Spec.Type == corev1.ServiceTypeNodePort {
			sum += 8
		}
		for _, pod := range manifest.PodsOf(objects, s) {
			for _, c := range pod.Spec.Containers {
				if slices.ContainsFunc(builds, func(b build) bool { return manifest.ImageName(c.Image) == b.image }) {
					sum += 2
				}
				if c.ReadinessProbe != nil && c.ReadinessProbe.HTTPGet != nil {
					sum++
				}
			}
		}
		if slices.ContainsFunc(facing, func(name string) bool { return strings.Contains(s.Name, name) }) {
			sum += 2
		}
		return sum
	}
	return slices.MaxFunc(services, func(a, b *corev1.Service) int { return cmp.Compare(points(a), points(b)) }).Name
}

// facing are in the names of Services that face users.
var facing = []string{"front", "web", "gateway", "www", "ui", "ingress", "proxy"}

// tests says what is not described and may be there.
func (l *look) tests(builds []build) {
	for _, b := range builds {
		content, err := fs.ReadFile(l.Tree, b.dockerfile)
		if err == nil && slices.Contains(description.Stages(content), "test") {
			l.decide("%s has a stage test: give its commands as functional and production, with passed, to have tests run", b.dockerfile)
			return
		}
	}
	l.decide("no tests are described: the application is asked for its health alone")
}
