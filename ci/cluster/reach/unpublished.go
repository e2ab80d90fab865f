package reach

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// publishTime is how long a controller may take to publish an address before its own
// are tried. Some never publish any: that of minikube, many on bare metal.
const publishTime = 5 * time.Second

// mayBeGuessed is so of an Ingress only. A Gateway and a Route without an address are not served.
func (e entrance) mayBeGuessed() bool {
	_, ok := e.publisher.(*ingress)
	return ok
}

// guesses are the addresses of the Services that belong to the class's controller, by
// their names, and those of nodes, where many controllers listen themselves. They are read
// with an administrator's credentials where those were given: an account of a run has no
// right to look around in the cluster, and guesses nothing.
func guesses(ctx context.Context, c *cluster.Cluster, e entrance) ([]place, error) {
	c = c.Wide()
	words, err := controllerWords(ctx, c, e)
	if err != nil {
		return nil, err
	}
	services, err := c.Typed.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	list, err := c.Typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var nodes []*corev1.Node
	for i := range list.Items {
		nodes = append(nodes, &list.Items[i])
	}
	at := nodeAddresses(nodes)
	var out []place
	for i := range services.Items {
		if s := &services.Items[i]; belongs(s, words) {
			out = append(out, placesOf(s, e.route.TLS, at)...)
		}
	}
	for _, node := range at {
		out = append(out, place{at: node, tls: e.route.TLS, from: "a node, since nothing is published", guessed: true})
	}
	return out, nil
}

// placesOf are the addresses of a controller's Service.
func placesOf(s *corev1.Service, tls bool, nodes []string) (out []place) {
	of := fmt.Sprintf("Service %s/%s of its controller, since nothing is published", s.Namespace, s.Name)
	for _, port := range s.Spec.Ports {
		if speaksTLS(port) != tls {
			continue
		}
		for _, at := range s.Status.LoadBalancer.Ingress {
			out = append(out, place{at: cmp.Or(at.IP, at.Hostname), port: port.Port, tls: tls, from: of, guessed: true})
		}
		for _, node := range nodes {
			if port.NodePort != 0 {
				out = append(out, place{at: node, port: port.NodePort, tls: tls, from: of, guessed: true})
			}
		}
	}
	return out
}

// controllerWords are what the controller of the Ingress's class, or of the cluster's
// default, may be called: of k8s.io/ingress-nginx that is ingress-nginx, of
// traefik.io/ingress-controller traefik.
func controllerWords(ctx context.Context, c *cluster.Cluster, e entrance) ([]string, error) {
	spec, _ := e.route.Object.Object["spec"].(map[string]any)
	name := stringAt(spec, "ingressClassName", "")
	classes, err := c.Typed.NetworkingV1().IngressClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(classes.Items, func(class networkingv1.IngressClass) bool {
		return class.Name == name || name == "" && class.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true"
	})
	if i < 0 {
		return nil, nil
	}
	domain, kind, _ := strings.Cut(classes.Items[i].Spec.Controller, "/")
	vendor, _, _ := strings.Cut(domain, ".")
	return slices.DeleteFunc([]string{kind, vendor}, func(word string) bool { return slices.Contains(common, word) }), nil
}

// common are words that say nothing about which controller it is.
var common = []string{"", "ingress-controller", "ingress", "controller", "k8s", "kubernetes", "www"}

func belongs(s *corev1.Service, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return strings.Contains(s.Name, word) || strings.Contains(s.Labels["app.kubernetes.io/name"], word)
	})
}
