package main

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// assignment is what a Service is to be told.
type assignment struct {
	service *corev1.Service
	status  corev1.LoadBalancerStatus
	refused string // why it gets no address
}

// port is one of the node's.
type port struct {
	protocol corev1.Protocol
	number   int32
}

func (p port) String() string { return fmt.Sprintf("%d/%s", p.number, p.protocol) }

// assign gives the address to the Services of type LoadBalancer that ask for no
// other class of load balancers, unless a port of theirs is another's: those that
// have it keep it, then the oldest come first. inUse tells whether a program of the
// node listens there, which kube-proxy would cut off.
func assign(services []*corev1.Service, address string, inUse func(port) bool) []assignment {
	services = slices.DeleteFunc(slices.Clone(services), func(s *corev1.Service) bool {
		return s.Spec.Type != corev1.ServiceTypeLoadBalancer || s.Spec.LoadBalancerClass != nil || s.DeletionTimestamp != nil
	})
	has := func(s *corev1.Service) bool { return len(s.Status.LoadBalancer.Ingress) > 0 }
	slices.SortFunc(services, func(a, b *corev1.Service) int {
		if has(a) != has(b) {
			if has(a) {
				return -1
			}
			return 1
		}
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name))
	})
	holders := map[port]string{}
	var all []assignment
	for _, s := range services {
		given := assignment{service: s}
		var wanted []port
		for _, p := range s.Spec.Ports {
			one := port{cmp.Or(p.Protocol, corev1.ProtocolTCP), p.Port}
			wanted = append(wanted, one)
			if holder := holders[one]; holder != "" {
				given.refused = fmt.Sprintf("port %s of the node is that of Service %s", one, holder)
			} else if inUse(one) {
				given.refused = fmt.Sprintf("port %s of the node is in use by the node itself", one)
			}
		}
		if given.refused == "" {
			for _, one := range wanted {
				holders[one] = s.Namespace + "/" + s.Name
			}
			// VIP: what is sent to the address arrives as it was sent, and kube-proxy
			// takes it. Where it is not allowed to, nobody listens.
			mode := corev1.LoadBalancerIPModeVIP
			given.status.Ingress = []corev1.LoadBalancerIngress{{IP: address, IPMode: &mode}}
		}
		all = append(all, given)
	}
	return all
}

// inUse tries to listen, which is possible where nobody does.
func inUse(address string) func(port) bool {
	return func(p port) bool {
		at := net.JoinHostPort(address, strconv.Itoa(int(p.number)))
		switch p.protocol {
		case corev1.ProtocolUDP:
			l, err := net.ListenPacket("udp", at)
			if err == nil {
				_ = l.Close()
			}
			return err != nil
		case corev1.ProtocolTCP:
			l, err := net.Listen("tcp", at)
			if err == nil {
				_ = l.Close()
			}
			return err != nil
		}
		return false
	}
}
