package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

type pod struct {
	*corev1.Pod
	ip string
}

// state is what the rules follow from.
type state struct {
	pods       []pod
	namespaces map[string]labels.Set
	policies   []*networkingv1.NetworkPolicy
}

// rules is a table of nftables: for each pod that a policy selects a chain for each
// direction, which returns for what is allowed and drops the rest. What the node
// sends itself passes neither hook, as it should: a kubelet may always probe.
func (s *state) rules() string {
	slices.SortFunc(s.pods, func(a, b pod) int { return cmp.Compare(a.ip, b.ip) })
	slices.SortFunc(s.policies, func(a, b *networkingv1.NetworkPolicy) int {
		return cmp.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	var chains strings.Builder
	jumps := map[string][]string{}
	for _, p := range s.pods {
		for _, d := range []direction{ingress, egress} {
			allowed, selected := s.allowed(p, d)
			if !selected {
				continue
			}
			chain := d.name + "-" + p.ip
			jumps[d.name] = append(jumps[d.name], p.ip+" : jump "+chain)
			fmt.Fprintf(&chains, "\tchain %s { # %s/%s\n\t\tip %s %s return\n", chain, p.Namespace, p.Name, d.peer, p.ip) // a pod reaches itself
			for _, match := range allowed {
				fmt.Fprintf(&chains, "\t\t%s return\n", match)
			}
			chains.WriteString("\t\tcounter drop\n\t}\n")
		}
	}
	all := "table ip network-policies\ndelete table ip network-policies\ntable ip network-policies {\n" + chains.String() +
		"\tchain policies {\n\t\tct state established,related accept\n"
	for _, d := range []direction{egress, ingress} {
		if len(jumps[d.name]) > 0 {
			all += fmt.Sprintf("\t\tip %s vmap { %s }\n", d.self, strings.Join(jumps[d.name], ", "))
		}
	}
	return all + "\t}\n" +
		"\tchain forward { type filter hook forward priority filter; jump policies; }\n" +
		"\tchain input { type filter hook input priority filter; jump policies; }\n}\n"
}

// direction is one of the two that policies are for: which address of a packet is
// the pod's that they select, and which is its peer's.
type direction struct{ name, self, peer string }

var (
	ingress = direction{"ingress", "daddr", "saddr"}
	egress  = direction{"egress", "saddr", "daddr"}
)

// allowed returns matches of what a pod's policies allow; selected is false where
// none is for it, and everything is allowed.
func (s *state) allowed(p pod, d direction) (matches []string, selected bool) {
	for _, policy := range s.policies {
		if policy.Namespace != p.Namespace || !selects(&policy.Spec.PodSelector, p.Labels) || !d.isOf(policy) {
			continue
		}
		selected = true
		if d == ingress {
			for _, rule := range policy.Spec.Ingress {
				matches = append(matches, s.rule(policy.Namespace, rule.From, rule.Ports, d, &p)...)
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			matches = append(matches, s.rule(policy.Namespace, rule.To, rule.Ports, d, nil)...)
		}
	}
	return matches, selected
}

// isOf tells whether a policy is for a direction; the API server fills its types in.
func (d direction) isOf(policy *networkingv1.NetworkPolicy) bool {
	return slices.ContainsFunc(policy.Spec.PolicyTypes, func(t networkingv1.PolicyType) bool { return strings.EqualFold(string(t), d.name) })
}

// rule returns a match for each peer and protocol. Names of ports are those of
// target's containers, which are the peer's where target is nil.
func (s *state) rule(namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, d direction, target *pod) []string {
	var matches []string
	add := func(address string, named *pod) {
		if target != nil {
			named = target
		}
		if len(ports) == 0 {
			matches = append(matches, cmp.Or(address, "ip version 4"))
		}
		for _, p := range ports {
			if match, ok := portMatch(p, named); ok {
				matches = append(matches, strings.TrimSpace(address+" "+match))
			}
		}
	}
	if len(peers) == 0 { // any
		add("", nil)
		for _, peer := range s.pods {
			if target == nil && slices.ContainsFunc(ports, isNamed) {
				add("ip "+d.peer+" "+peer.ip, &peer)
			}
		}
	}
	for _, peer := range peers {
		if block := peer.IPBlock; block != nil {
			if strings.Contains(block.CIDR, ":") { // the node has no IPv6
				continue
			}
			match := "ip " + d.peer + " " + block.CIDR
			for _, except := range block.Except { // no set: these may overlap
				match += " ip " + d.peer + " != " + except
			}
			add(match, nil)
			continue
		}
		for _, other := range s.pods {
			in := other.Namespace == namespace
			if peer.NamespaceSelector != nil {
				in = selects(peer.NamespaceSelector, s.namespaces[other.Namespace])
			}
			if in && (peer.PodSelector == nil || selects(peer.PodSelector, other.Labels)) {
				add("ip "+d.peer+" "+other.ip, &other)
			}
		}
	}
	return matches
}

func isNamed(p networkingv1.NetworkPolicyPort) bool {
	return p.Port != nil && p.Port.Type == intstr.String
}

// portMatch is false where a name is none of a pod's.
func portMatch(p networkingv1.NetworkPolicyPort, named *pod) (string, bool) {
	protocol := corev1.ProtocolTCP
	if p.Protocol != nil {
		protocol = *p.Protocol
	}
	name := strings.ToLower(string(protocol))
	switch {
	case p.Port == nil:
		return "meta l4proto " + name, true
	case p.EndPort != nil:
		return fmt.Sprintf("%s dport %d-%d", name, p.Port.IntVal, *p.EndPort), true
	case !isNamed(p):
		return fmt.Sprintf("%s dport %d", name, p.Port.IntVal), true
	case named == nil:
		return "", false
	}
	for _, c := range named.Spec.Containers {
		for _, port := range c.Ports {
			if port.Name == p.Port.StrVal && cmp.Or(port.Protocol, corev1.ProtocolTCP) == protocol {
				return fmt.Sprintf("%s dport %d", name, port.ContainerPort), true
			}
		}
	}
	return "", false
}

// selects tells whether a selector, which the API server has validated, matches.
func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set)
}
