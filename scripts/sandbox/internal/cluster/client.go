// Package cluster asks the node's Kubernetes how it is, and gives it what a bare one
// lacks. It does not know that the node is a container.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Kubeconfig is the one that the node has made, for who reaches its API at server.
func Kubeconfig(made, server string) ([]byte, error) {
	config, err := clientcmd.Load([]byte(made))
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	if err := clientcmd.ConfirmUsable(*config, ""); err != nil { // it may have been read while it was written
		return nil, err
	}
	for _, cluster := range config.Clusters {
		cluster.Server = server
	}
	return clientcmd.Write(*config)
}

// Client asks as the administrator.
func Client(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := restConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Timeout = 5 * time.Second
	config.WarningHandler = rest.NoWarnings{} // what is asked here need not be told what is deprecated
	return config, nil
}

// NodeReady tells whether the node is Ready and its kubelet has said so since
// the node was started: until then the former kubelet's word still stands.
func NodeReady(ctx context.Context, kubeconfig string, started time.Time) error {
	c, err := Client(kubeconfig)
	if err != nil {
		return err
	}
	node, err := c.CoreV1().Nodes().Get(ctx, "node", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		switch {
		case condition.Type != corev1.NodeReady:
		case condition.LastHeartbeatTime.Time.Before(started.Truncate(time.Second)): // it knows whole seconds
			return errors.New("the kubelet has not started yet")
		case condition.Status == corev1.ConditionTrue:
			return nil
		}
	}
	return errors.New("the node is not Ready")
}
