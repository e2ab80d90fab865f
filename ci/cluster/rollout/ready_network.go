package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
)

// ingressPatience is how long an Ingress's address is waited for. Controllers on
// bare metal, minikube and others publish none for ever (argo-cd#14607), and a
// cloud's load balancer takes minutes; whether users reach the Ingress is what
// Address finds out by asking, so that a wait need not hang on a courtesy.
const ingressPatience = 5 * time.Second

func (v *view) judgeIngress(i *networkingv1.Ingress, _ glance) finding {
	for _, at := range i.Status.LoadBalancer.Ingress {
		if at.IP != "" || at.Hostname != "" {
			return finding{}
		}
	}
	return finding{lacks: "no address in its status yet", patience: ingressPatience, left: "publishes no address, which is left to the test of its address"}
}

// judgeService is asked for Services of type LoadBalancer only.
func (v *view) judgeService(s *corev1.Service, _ glance) finding {
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer || len(s.Status.LoadBalancer.Ingress) > 0 {
		return finding{}
	}
	p := &diagnose.Problem{Id: "address", Class: cluster.NoAddress, Grace: diagnose.Open, Cause: "no load balancer has given it an address", About: s,
		Try: "check that the cluster has a controller for Services of type LoadBalancer and that it may make one more"}
	p.Prove = func(p *diagnose.Problem, proof diagnose.Proof) *diagnose.Problem {
		for _, event := range slices.Backward(proof.Events) {
			if event.Type == corev1.EventTypeWarning {
				out := *p
				out.Cause += ": " + cluster.OneLine(event.Message)
				out.Try = "do as its controller says, or lead users there by an Ingress or an HTTPRoute"
				return &out
			}
		}
		return p
	}
	return finding{lacks: "no address in its status yet", problem: p}
}

// judgeGateway follows Gateway API: Accepted says that the controller takes the
// Gateway, Programmed that it is, or is about to be, in the data plane.
func (v *view) judgeGateway(g *unstructured.Unstructured, _ glance) finding {
	found := conditionsIn(g.Object, "status", "conditions")
	f := lacksTrue(found, g.GetGeneration(), "Accepted", "Programmed")
	switch accepted, programmed := found.of("Accepted"), found.of("Programmed"); {
	case f.lacks == "":
	case accepted.isFalse(g.GetGeneration()):
		f.problem = &diagnose.Problem{Id: "accepted", Class: cluster.Misconfigured, Grace: diagnose.StatusGrace, Cause: "its controller does not accept it: " + accepted.text(), Try: "correct what the controller names"}
	case programmed.isFalse(g.GetGeneration()):
		f.problem = &diagnose.Problem{Id: "programmed", Class: cluster.NoAddress, Grace: diagnose.Open, Cause: "it is accepted but not programmed: " + programmed.text(), Try: "see why the controller gives it no address or listener"}
	default:
		f.problem = &diagnose.Problem{Id: "no controller", Class: cluster.NoAddress, Grace: diagnose.Open, Cause: "no controller has taken it: " + f.lacks, Try: "check its gatewayClassName and that the class's controller runs"}
	}
	return f
}

// judgeRoute is for HTTPRoute and its kin: every parent that the spec names must
// have accepted the current generation and resolved all that it refers to.
func (v *view) judgeRoute(r *unstructured.Unstructured, _ glance) finding {
	wanted, _, _ := unstructured.NestedSlice(r.Object, "spec", "parentRefs")
	reported, _, _ := unstructured.NestedSlice(r.Object, "status", "parents")
	for _, entry := range wanted {
		ref, _ := entry.(map[string]any)
		parent := parentName(ref)
		at := slices.IndexFunc(reported, func(entry any) bool {
			status, _ := entry.(map[string]any)
			other, _ := status["parentRef"].(map[string]any)
			return sameParent(ref, other, r.GetNamespace())
		})
		if at < 0 {
			return finding{lacks: parent + " has not accepted it yet", problem: &diagnose.Problem{Id: "parent", Class: cluster.NoAddress, Grace: diagnose.Open,
				Cause: parent + " has not accepted it", Try: "check that the parent exists and that its controller runs"}}
		}
		status, _ := reported[at].(map[string]any)
		found := conditionsIn(status, "conditions")
		f := lacksTrue(found, r.GetGeneration(), "Accepted", "ResolvedRefs")
		for _, name := range []string{"Accepted", "ResolvedRefs"} {
			if condition := found.of(name); f.problem == nil && condition.isFalse(r.GetGeneration()) {
				f.problem = &diagnose.Problem{Id: name, Class: cluster.Misconfigured, Grace: diagnose.StatusGrace, Try: "correct the route's parents, hosts or backends as named",
					Cause: fmt.Sprintf("%s does not serve it (%s): %s", parent, name, condition.text())}
			}
		}
		if f.lacks != "" {
			f.lacks = parent + ": " + f.lacks
			return f
		}
	}
	return finding{}
}

func parentName(ref map[string]any) string {
	kind, _ := ref["kind"].(string)
	name, _ := ref["name"].(string)
	return cmp.Or(kind, "Gateway") + " " + name
}

// sameParent compares references, of which the status may fill in the defaults.
func sameParent(ref, other map[string]any, namespace string) bool {
	if other == nil {
		return false
	}
	defaults := map[string]string{"group": gatewayGroup, "kind": "Gateway", "namespace": namespace}
	for _, field := range []string{"group", "kind", "namespace", "name", "sectionName", "port"} {
		a, b := defaults[field], defaults[field]
		if value, ok := ref[field]; ok {
			a = fmt.Sprint(value)
		}
		if value, ok := other[field]; ok {
			b = fmt.Sprint(value)
		}
		if a != b {
			return false
		}
	}
	return true
}

// judgeOpenShiftRoute wants a router that admits the Route. A refusal counts when
// no other router admits it, for each serves its own share. A status has no generation:
// what it says of another host is about the spec before.
func (v *view) judgeOpenShiftRoute(r *unstructured.Unstructured, _ glance) finding {
	host, _, _ := unstructured.NestedString(r.Object, "spec", "host")
	routers, _, _ := unstructured.NestedSlice(r.Object, "status", "ingress")
	var refusals []string
	for _, router := range routers {
		status, _ := router.(map[string]any)
		admitted := conditionsIn(status, "conditions").of("Admitted")
		switch {
		case admitted == nil, host != "" && status["host"] != host:
		case admitted.status == "True":
			return finding{}
		case admitted.status == "False":
			refusals = append(refusals, admitted.text())
		}
	}
	if len(refusals) == 0 {
		return finding{lacks: "no router has admitted it yet", problem: &diagnose.Problem{Id: "router", Class: cluster.NoAddress, Grace: diagnose.Open, Cause: "no router has admitted it", Try: "check that a router selects its namespace and labels"}}
	}
	return finding{lacks: "not admitted", problem: &diagnose.Problem{Id: "admitted", Class: cluster.Misconfigured, Grace: diagnose.StatusGrace,
		Cause: "the router does not admit it: " + strings.Join(refusals, "; "), Try: "choose a host that no other Route has, or correct what is named"}}
}
