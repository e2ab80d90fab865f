package reach

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
)

// service is a Service that users reach without anything before it.
type service struct {
	namespace, name string
	port            int32
	live            *informer.Informer
}

func (s *service) follow(ctx context.Context, w *informer.Watcher) (err error) {
	s.live, err = w.Follow(ctx, cluster.Services, s.namespace, named(s.name))
	return err
}

// current returns the Service and its port as they are, or nil.
func (s *service) current() (*corev1.Service, corev1.ServicePort, error) {
	if _, err := s.live.Ready(); err != nil {
		return nil, corev1.ServicePort{}, err
	}
	for _, live := range informer.ListOf[*corev1.Service](s.live.List()) {
		for _, port := range live.Spec.Ports {
			if port.Port == s.port {
				return live, port, nil
			}
		}
	}
	return nil, corev1.ServicePort{}, nil
}

// speaksTLS reports whether a port is one of HTTPS by its name, its protocol or its number.
func speaksTLS(port corev1.ServicePort) bool {
	return port.Name == "https" || port.Port == 443 || port.AppProtocol != nil && *port.AppProtocol == "https"
}

// loadBalancer is a Service of that type.
type loadBalancer struct{ service }

func (l *loadBalancer) places() (out []place, lacks string, err error) {
	live, port, err := l.current()
	if err != nil || live == nil {
		return nil, "it is not there", err
	}
	for _, at := range live.Status.LoadBalancer.Ingress {
		p := inStatus(at.IP, at.Hostname)
		p.port, p.tls = port.Port, speaksTLS(port)
		if p.at != "" {
			out = append(out, p)
		}
	}
	return out, unpublished, nil
}

// nodePort is a Service of that type: a port of every node.
type nodePort struct {
	service
	nodes *informer.Informer
}

func (n *nodePort) follow(ctx context.Context, w *informer.Watcher) (err error) {
	if err := n.service.follow(ctx, w); err != nil {
		return err
	}
	n.nodes, err = w.Follow(ctx, cluster.Nodes, "", metav1.ListOptions{})
	return err
}

func (n *nodePort) places() (out []place, lacks string, err error) {
	live, port, err := n.current()
	if err != nil || live == nil || port.NodePort == 0 {
		return nil, "it has no port of the nodes yet", err
	}
	if _, err := n.nodes.Ready(); err != nil {
		return nil, "", err
	}
	for _, at := range nodeAddresses(informer.ListOf[*corev1.Node](n.nodes.List())) {
		out = append(out, place{at: at, port: port.NodePort, tls: speaksTLS(port), from: fmt.Sprintf("node port %d", port.NodePort)})
	}
	return out, "no node is ready", nil
}

// enoughNodes are as many as are tried: one is as good as another.
const enoughNodes = 3

// nodeAddresses are those of nodes that are ready, first those outside of the cluster.
func nodeAddresses(nodes []*corev1.Node) (out []string) {
	var inside []string
	for _, node := range nodes {
		ready := false
		for _, condition := range node.Status.Conditions {
			ready = ready || condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		}
		if !ready || node.DeletionTimestamp != nil {
			continue
		}
		for _, address := range node.Status.Addresses {
			switch address.Type {
			case corev1.NodeExternalIP, corev1.NodeExternalDNS:
				out = append(out, address.Address)
			case corev1.NodeInternalIP:
				inside = append(inside, address.Address)
			}
		}
	}
	return append(out[:min(len(out), enoughNodes)], inside[:min(len(inside), enoughNodes)]...)
}
