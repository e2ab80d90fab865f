package reach

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"
)

func TestAHostOfTheRuleIsDialledAtThePublishedAddressFirst(t *testing.T) {
	t.Parallel()
	rule := networkingv1.IngressRule{Host: "demo.example", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Path: "/", Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "web"}}}}}}}
	in := &networkingv1.Ingress{Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{rule}}}
	in.Namespace, in.Name = "shop", "web"
	published := func(at ...networkingv1.IngressLoadBalancerIngress) []Address {
		in.Status.LoadBalancer.Ingress = at
		return addressesOf(in, "web")
	}
	const found = "Ingress shop/web, "
	require.Empty(t, published(), "the controller has not published it")
	require.Empty(t, published(networkingv1.IngressLoadBalancerIngress{}))
	ip, lb := networkingv1.IngressLoadBalancerIngress{IP: "2001:db8::1"}, networkingv1.IngressLoadBalancerIngress{Hostname: "lb.example"}
	byName := Address{URL: "http://demo.example", FoundBy: found + "host in its rule"}
	require.Equal(t, []Address{{URL: "http://demo.example", Dial: "2001:db8::1", FoundBy: found + "host in its rule, dialled at 2001:db8::1"}, byName}, published(ip, lb))
	require.Equal(t, []Address{{URL: "http://demo.example", Dial: "lb.example", FoundBy: found + "host in its rule, dialled at lb.example"}, byName}, published(lb))
	in.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{"demo.example"}}}
	require.Equal(t, "https://demo.example", published(lb)[0].URL)
	for _, any := range []string{"", "*.example"} {
		in.Spec.Rules[0].Host = any
		require.Equal(t, []Address{{URL: "http://lb.example", FoundBy: found + "hostname in its status"}}, published(lb))
		require.Equal(t, []Address{{URL: "http://[2001:db8::1]", FoundBy: found + "ip in its status"}}, published(ip))
	}
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
