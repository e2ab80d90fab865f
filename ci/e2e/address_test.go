package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const hostBase = "kustomize/base/host.yaml"

// inFront replaces what leads users to the Service web in the repository host.
func (r *repository) inFront(objects string) {
	r.t.Helper()
	content, err := os.ReadFile(r.path(hostBase))
	require.NoError(r.t, err)
	before, _, found := strings.Cut(string(content), "---\n")
	require.True(r.t, found)
	r.write(hostBase, before+objects)
	r.commit()
}

// TestAnApplicationIsFoundByEachKindOfAddress: one that moves from a port of the nodes to a
// load balancer, and then to a host of a Gateway.
func TestAnApplicationIsFoundByEachKindOfAddress(t *testing.T) {
	e := newExampleIn(t, "kinds", "host")
	e.r.server().begin()
	service := func(kind string, port int) string {
		return fmt.Sprintf("---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: %s, selector: {app: web}, ports: [{name: http, port: %d, targetPort: http}]}}\n", kind, port)
	}
	bootstrap := func() {
		done := e.run(t, append([]string{"bootstrap", "--source", e.r.folder}, e.n.flags()...)...)
		require.Equal(t, 0, done.code, done.stderr)
	}
	foundBy := func(done ended) string { return done.report.Addresses[len(done.report.Addresses)-1].FoundBy }
	name := e.n.production + "/web"
	e.r.edit(".slipway.yaml", "betas:\n  host: \"{run}.{host}\"\n", "betas:\n  service: true\n")

	e.r.inFront(service("NodePort", 80))
	bootstrap()
	nodes := e.shipped(t)
	require.Regexp(t, "^Service "+name+`, node port \d+$`, foundBy(nodes))
	e.callChangesNothing(t, nodes)

	e.r.inFront(service("LoadBalancer", 80)) // the port of the sandbox's Ingresses
	taken := e.shippedInVain(t)
	require.Equal(t, 35, taken.code, taken.stdout)
	require.Contains(t, taken.stage(t, "deploy").Cause, "Service "+name+": no load balancer has given it an address")
	require.True(t, taken.report.Undo.Done)

	e.r.inFront(service("LoadBalancer", 18080))
	balanced := e.shipped(t)
	require.Equal(t, "Service "+name+", ip in its status", foundBy(balanced))

	route := func(gateway string) string {
		return service("ClusterIP", 80) + "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web}, spec: {parentRefs: [{namespace: gateway, name: " + gateway +
			"}], hostnames: [" + e.n.production + ".example.com], rules: [{backendRefs: [{name: web, port: 80}]}]}}\n"
	}
	gatewayOfNobody := "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: mine}, spec: {gatewayClassName: nobody, listeners: [{name: web, protocol: HTTP, port: 80}]}}\n"
	for _, c := range []struct {
		objects string
		code    int
		stage   string
		says    string
	}{
		{route("absent"), 35, "deploy", "HTTPRoute " + name + ": Gateway absent has not accepted it"},
		{route("web, sectionName: absent"), 2, "deploy", "HTTPRoute " + name + ": Gateway web does not serve it (Accepted): "},
		{route("web") + gatewayOfNobody, 35, "functional", "Gateway " + e.n.build + "/mine-"},
	} {
		e.r.inFront(c.objects)
		bootstrap()
		before := e.snapshot(t, e.n)
		done := e.shippedInVain(t)
		require.Equal(t, c.code, done.code, done.stdout)
		failed := done.stage(t, c.stage)
		require.Contains(t, failed.Cause, c.says)
		require.NotContains(t, failed.Error, "\n")
		requireSame(t, before.restored(e.n), e.snapshot(t, e.n).restored(e.n), "production is not as it was")
	}

	e.r.inFront(route("web"))
	bootstrap()
	gateway := e.shipped(t)
	require.Contains(t, foundBy(gateway), "HTTPRoute "+name+", host in its rule, dialled at ")
	e.rollsBack(t, balanced)

	ingress := func(name, host string) string {
		return "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: " + name + "}, spec: {rules: [{host: " + host +
			", http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n"
	}
	hosts := []string{"a." + e.n.production + ".example.com", "b." + e.n.production + ".example.com"}
	e.r.inFront(service("ClusterIP", 80) + ingress("a", hosts[0]) + ingress("b", hosts[1]))
	both := e.shipped(t)
	var urls []string
	for _, address := range both.report.Addresses {
		if address.Stage == "production" {
			urls = append(urls, address.URL)
		}
	}
	require.ElementsMatch(t, []string{"http://" + hosts[0], "http://" + hosts[1]}, urls, "users come by both")
}

// TestAnIngressWhoseControllerPublishesNoAddressIsFoundByItsService: as on minikube, by a
// second controller in the sandbox's node that publishes nothing; and where somebody says it.
func TestAnIngressWhoseControllerPublishesNoAddressIsFoundByItsService(t *testing.T) {
	e := newExampleIn(t, "unpublished", "host")
	class := e.n.production
	e.r.edit(hostBase, "host-app.example.com", class+".example.com")
	e.r.edit(hostBase, "spec:\n  rules:\n  - host", "spec:\n  ingressClassName: "+class+"\n  rules:\n  - host")
	e.r.server().begin()
	e.controller(t, class)

	blind := e.shippedInVain(t)
	require.Equal(t, 35, blind.code, blind.stdout)
	require.Contains(t, blind.stage(t, "functional").Cause, "it has no address in its status, and these credentials may not look for its controller")
	require.Contains(t, blind.stage(t, "functional").Try, "--address URL")
	e.letLookAround(t)

	done := e.shipped(t)
	production := done.report.Addresses[len(done.report.Addresses)-1]
	require.Equal(t, "http://"+class+".example.com:"+e.nodePort(t, class), production.URL)
	require.Contains(t, production.FoundBy, "Service gateway/"+class+" of its controller, since nothing is published")

	said := "http://" + e.node(t) + ":" + e.nodePort(t, class)
	again := e.pipeline(t, e.r, e.n, "--address", said)
	require.Equal(t, 0, again.code, again.stdout+again.stderr)
	production = again.report.Addresses[len(again.report.Addresses)-1]
	require.Equal(t, "http://"+class+".example.com:"+e.nodePort(t, class), production.URL)
	require.Equal(t, "--address, host in its rule, dialled at "+e.node(t), production.FoundBy)
	require.Less(t, again.stage(t, "production").Seconds, done.stage(t, "production").Seconds, "nothing is looked for that was said")

	e.r.describe("address: {functional: \"http://{run}." + class + ".example.com\", production: \"" + said + "/\"}\n")
	e.r.commit()
	refused := e.shippedInVain(t)
	require.Equal(t, 35, refused.code, refused.stdout)
	require.Contains(t, refused.stage(t, "functional").Cause, "address.functional")
	e.r.edit(".slipway.yaml", "\"http://{run}."+class+".example.com\"", "\""+said+"\"")
	e.r.commit()
	described := e.shipped(t)
	require.Contains(t, described.report.Addresses[1].FoundBy, "address.functional")
	require.Equal(t, "address.production, host in its rule, dialled at "+e.node(t), described.report.Addresses[2].FoundBy)
}

// shippedInVain ships a commit that waits for what never comes. It is built beforehand: the
// short time is not for that.
func (e *example) shippedInVain(t *testing.T) ended {
	t.Helper()
	built := e.pipeline(t, e.r, e.n, "--until", "build")
	require.Equal(t, 0, built.code, built.stdout+built.stderr)
	return e.pipeline(t, e.r, e.n, "--stage-timeout", "20s")
}

// controller starts a controller for the class in the sandbox's node, and makes the Service
// by which it is reached, as a bare machine has it.
func (e *example) controller(t *testing.T, class string) {
	t.Helper()
	ctx := t.Context()
	_, err := e.typed.NetworkingV1().IngressClasses().Create(ctx, &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: class},
		Spec: networkingv1.IngressClassSpec{Controller: "slipway.test/unpublished"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	e.docker(t, "exec", "--detach", "slipway-node", "sh", "-c", "echo $$ >/run/"+class+".pid; KUBECONFIG=/var/lib/kubernetes/admin.conf exec traefik"+
		" --entrypoints.web.address=:8088 --providers.kubernetesingressnginx --providers.kubernetesingressnginx.controllerclass=slipway.test/unpublished"+
		" --providers.kubernetesingressnginx.ingressclass="+class+" --providers.providersthrottleduration=100ms"+
		" --global.checknewversion=false --global.sendanonymoususage=false >/var/log/slipway/"+class+".log 2>&1")
	t.Cleanup(func() {
		e.docker(t, "exec", "slipway-node", "sh", "-c", "kill $(cat /run/"+class+".pid); rm /run/"+class+".pid")
		require.NoError(t, e.typed.NetworkingV1().IngressClasses().Delete(context.Background(), class, metav1.DeleteOptions{}))
		require.NoError(t, e.typed.CoreV1().Services("gateway").Delete(context.Background(), class, metav1.DeleteOptions{}))
	})
	_, err = e.typed.CoreV1().Services("gateway").Create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: class, Labels: map[string]string{"app.kubernetes.io/name": "unpublished"}},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = e.typed.DiscoveryV1().EndpointSlices("gateway").Create(ctx, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: class, Labels: map[string]string{discoveryv1.LabelServiceName: class}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{e.node(t)}}},
		Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](8088)}}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// letLookAround gives both accounts of the pipeline the right to find a controller.
func (e *example) letLookAround(t *testing.T) {
	t.Helper()
	rules := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"services", "nodes"}, Verbs: []string{"list"}},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingressclasses"}, Verbs: []string{"list"}}}
	meta := metav1.ObjectMeta{Name: "look-around." + e.n.production}
	_, err := e.typed.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	require.NoError(t, err)
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name}}
	for _, namespace := range []string{e.n.build, e.n.production} {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "ServiceAccount", Name: "slipway", Namespace: namespace})
	}
	_, err = e.typed.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.typed.RbacV1().ClusterRoleBindings().Delete(context.Background(), meta.Name, metav1.DeleteOptions{}))
		require.NoError(t, e.typed.RbacV1().ClusterRoles().Delete(context.Background(), meta.Name, metav1.DeleteOptions{}))
	})
}

// node is the address of the sandbox's node.
func (w *world) node(t *testing.T) string {
	t.Helper()
	nodes, err := w.typed.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, address := range nodes.Items[0].Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address
		}
	}
	require.Fail(t, "the node has no address")
	return ""
}

// nodePort is that of a class's controller.
func (w *world) nodePort(t *testing.T, class string) string {
	t.Helper()
	service, err := w.typed.CoreV1().Services("gateway").Get(t.Context(), class, metav1.GetOptions{})
	require.NoError(t, err)
	return fmt.Sprint(service.Spec.Ports[0].NodePort)
}
