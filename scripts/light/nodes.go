package light

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const nodes = 3

// capacity of each node, in the real one's units.
var capacity = corev1.ResourceList{
	corev1.ResourceCPU: quantity.MustParse("32"), corev1.ResourceMemory: quantity.MustParse("256Gi"), corev1.ResourcePods: quantity.MustParse("500"),
}

// createNodes makes fake nodes. The annotation is kwok's; our tests know by it
// that no container runs.
func (c *Cluster) createNodes(ctx context.Context) error {
	for i := range nodes {
		name := fmt.Sprintf("fake-%d", i+1)
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name,
				Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
				Labels:      map[string]string{corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64"}},
			Status: corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
		}
		if _, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// serving tells whether the API server is ready, roles and all.
func (c *Cluster) serving(ctx context.Context) error {
	return c.client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}

// ready tells whether a pod would be admitted and scheduled.
func (c *Cluster) ready(ctx context.Context) error {
	if _, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{}); err != nil {
		return err
	}
	list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, node := range list.Items {
		if len(node.Spec.Taints) > 0 { // not-ready, put there at creation
			return fmt.Errorf("node %s is tainted with %s", node.Name, node.Spec.Taints[0].Key)
		}
	}
	return nil
}

// until asks again and again: there is nothing to watch before there is a
// server. At the end of ctx it returns the last answer.
func until(ctx context.Context, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
