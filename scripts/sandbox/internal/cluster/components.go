package cluster

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Component is a part of the node that its API server knows.
type Component struct {
	Name   string
	Health error // nil: well
}

// Components returns the version of Kubernetes and each part of the node
// that its API server knows. The node's container ends when any of its parts
// does, so those it does not list are as well as the node.
func Components(ctx context.Context, kubeconfig string) (version string, parts []Component) {
	c, err := Client(kubeconfig)
	if err != nil {
		return "-", nil
	}
	v, err := c.Discovery().ServerVersion()
	if err != nil {
		return "-", nil
	}
	list, err := c.CoreV1().ComponentStatuses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return v.GitVersion, nil
	}
	for _, component := range list.Items {
		c := Component{Name: component.Name}
		for _, condition := range component.Conditions {
			if condition.Status != "True" {
				c.Health = fmt.Errorf("%s", strings.TrimSpace(condition.Message+" "+condition.Error))
			}
		}
		parts = append(parts, c)
	}
	return v.GitVersion, parts
}
