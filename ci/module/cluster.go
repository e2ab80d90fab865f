package main

import (
	"context"
	"fmt"
	"net/url"

	"k8s.io/client-go/tools/clientcmd"
)

// through leads a kubeconfig to the API server that was handed in as a service, which
// has another address here than on the user's machine. Its certificate is still held
// to be for the name that the kubeconfig says.
func (c *call) through(ctx context.Context, kubeconfig []byte) ([]byte, error) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return kubeconfig, nil // the command line says what is wrong with it
	}
	started, err := c.cluster.Start(ctx)
	if err != nil {
		return nil, fmt.Errorf("--cluster: %w", err)
	}
	endpoint, err := started.Endpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("--cluster: %w", err)
	}
	for _, cluster := range config.Clusters {
		at, err := url.Parse(cluster.Server)
		if err != nil {
			return kubeconfig, nil
		}
		if cluster.TLSServerName == "" {
			cluster.TLSServerName = at.Hostname()
		}
		at.Host = endpoint
		cluster.Server = at.String()
	}
	return clientcmd.Write(*config)
}
