package reach

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"
)

func TestAddressOfPrefersTheHostOfTheRule(t *testing.T) {
	t.Parallel()
	rule := networkingv1.IngressRule{Host: "demo.example", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Path: "/"}}}}}
	in := &networkingv1.Ingress{Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{rule}}}
	_, found := addressOf(in, "/demo")
	require.False(t, found, "the controller has not published it")
	in.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: "lb.example"}}
	address, _ := addressOf(in, "/demo")
	require.Equal(t, "http://demo.example", address.URL)
	in.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{"demo.example"}}}
	address, _ = addressOf(in, "/demo")
	require.Equal(t, "https://demo.example", address.URL)
	in.Spec.Rules[0].Host, in.Spec.TLS = "", nil
	address, _ = addressOf(in, "/demo")
	require.Equal(t, "http://lb.example", address.URL)
	in.Status.LoadBalancer.Ingress[0] = networkingv1.IngressLoadBalancerIngress{IP: "2001:db8::1"}
	address, _ = addressOf(in, "/demo")
	require.Equal(t, "http://[2001:db8::1]", address.URL)
}

func TestReadyPodTakesTheNumberOfTheNamedPortFromItsSlice(t *testing.T) {
	t.Parallel()
	endpoint := func(pod string, ready bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: pod}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}
	}
	slices := []*discoveryv1.EndpointSlice{{
		Ports:     []discoveryv1.EndpointPort{{Name: ptr.To("metrics"), Port: ptr.To[int32](9090)}, {Name: ptr.To("http"), Port: ptr.To[int32](8081)}},
		Endpoints: []discoveryv1.Endpoint{endpoint("starting", false), endpoint("ready", true)},
	}}
	pod, port := readyPod(slices, "http")
	require.Equal(t, "ready", pod)
	require.EqualValues(t, 8081, port)
	pod, _ = readyPod(slices, "grpc")
	require.Empty(t, pod)
}
