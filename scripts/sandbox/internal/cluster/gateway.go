package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// The Gateway that routes of all namespaces may name as their parent.
const (
	gatewayNamespace = "gateway"
	gatewayName      = "web"
)

// AddGateway makes the GatewayClass and the Gateway that a bare node lacks, and
// tells whether Traefik serves it. The kinds are of the node's own making.
func AddGateway(ctx context.Context, kubeconfig string) error {
	c, err := Client(kubeconfig)
	if err != nil {
		return err
	}
	config, err := restConfig(kubeconfig)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: gatewayNamespace}}
	if _, err := c.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	group := schema.GroupVersion{Group: "gateway.networking.k8s.io", Version: "v1"}
	classes := objects.Resource(group.WithResource("gatewayclasses"))
	class := gatewayObject("GatewayClass", "traefik", map[string]any{"controllerName": "traefik.io/gateway-controller"})
	if _, err := classes.Create(ctx, class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	gateways := objects.Resource(group.WithResource("gateways")).Namespace(gatewayNamespace)
	gateway := gatewayObject("Gateway", gatewayName, map[string]any{
		"gatewayClassName": "traefik",
		"listeners": []any{map[string]any{
			"name": "http", "protocol": "HTTP", "port": int64(80),
			"allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "All"}},
		}},
	})
	if _, err := gateways.Create(ctx, gateway, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	found, err := gateways.Get(ctx, gatewayName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return programmed(found)
}

func gatewayObject(kind, name string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
	}}
}

// programmed tells why a Gateway is not served yet.
func programmed(gateway *unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(gateway.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Programmed" && c["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("gateway %s/%s is not programmed yet", gatewayNamespace, gatewayName)
}
