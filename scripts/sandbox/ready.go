package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// waitReady waits for all three parts to serve.
func (s *Sandbox) waitReady(ctx context.Context, d *docker, f *flavour, at *Coordinates) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return waitHTTP(gctx, "http://"+at.Registry+"/v2/") })
	group.Go(func() error { return until(gctx, engineName, func() error { return engineReady(gctx, d) }) })
	group.Go(func() error {
		if err := until(gctx, nodeName, func() error { return nodeReady(gctx, at.Kubeconfig) }); err != nil {
			return err
		}
		return addDefaults(gctx, at.Kubeconfig)
	})
	return group.Wait()
}

// until asks again every tenth of a second; what is asked cannot be watched
// before it serves.
func until(ctx context.Context, name string, ready func() error) error {
	last := errors.New("not asked yet")
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; `docker logs %s` may tell why", name, last, name)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func engineReady(ctx context.Context, d *docker) error {
	_, err := d.run(ctx, "exec", engineName, "test", "-S", "/run/dagger/engine.sock")
	return err
}

func client(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Timeout = 5 * time.Second
	return kubernetes.NewForConfig(config)
}

func nodeReady(ctx context.Context, kubeconfig string) error {
	c, err := client(kubeconfig)
	if err != nil {
		return err
	}
	node, err := c.CoreV1().Nodes().Get(ctx, "node", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		// After a restart the last word of the former kubelet still stands.
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return errors.New("the node is not Ready")
}

// addDefaults makes the storage class and the ingress class that k3s brings
// along and a bare node lacks.
func addDefaults(ctx context.Context, kubeconfig string) error {
	c, err := client(kubeconfig)
	if err != nil {
		return err
	}
	whenUsed := storagev1.VolumeBindingWaitForFirstConsumer
	standard := &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner:       "slipway.dev/local", // images/node/volumes
		VolumeBindingMode: &whenUsed,
	}
	classes, err := c.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(classes.Items) == 0 {
		if _, err := c.StorageV1().StorageClasses().Create(ctx, standard, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	traefik := &networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: "traefik", Annotations: map[string]string{"ingressclass.kubernetes.io/is-default-class": "true"}},
		Spec:       networkingv1.IngressClassSpec{Controller: "traefik.io/ingress-controller"},
	}
	if _, err := c.NetworkingV1().IngressClasses().Create(ctx, traefik, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// Status prints a line for each part.
func (s *Sandbox) Status(ctx context.Context, out io.Writer) error {
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "PART\tVERSION\tHEALTH\tADDRESS")
	at, err := s.Load()
	if err != nil {
		for _, part := range []string{"engine", "node", "registry"} {
			fmt.Fprintf(table, "%s\t-\tdown\t-\n", part)
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	d := &docker{host: at.Env["DOCKER_HOST"]}
	health := func(err error) string {
		if err != nil {
			return "not well: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		return "well"
	}
	fmt.Fprintf(table, "engine\t%s\t%s\t%s\n", daggerVersion, health(engineReady(ctx, d)), at.Env["_EXPERIMENTAL_DAGGER_RUNNER_HOST"])
	fmt.Fprintf(table, "node\t%s\t%s\t%s\n", kubernetesVersion, health(nodeReady(ctx, at.Kubeconfig)), at.Kubeconfig)
	fmt.Fprintf(table, "registry\t-\t%s\t%s\n", health(waitHTTP(ctx, "http://"+at.Registry+"/v2/")), at.Registry)
	return nil
}
