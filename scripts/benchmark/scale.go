package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/scripts/light"
)

// scales are how many betas stand beside each other.
var scales = []int{1, 8, 16, 32}

// scale measures betas of the application that are made, waited for and removed at once, on
// fake nodes: what they cost the cluster's API and the runs, images and containers apart.
func (b *bench) scale(ctx context.Context) error {
	programs, err := light.Build(ctx, ".")
	if err != nil {
		return err
	}
	tier, err := light.Start(ctx, programs)
	if err != nil {
		return err
	}
	defer tier.Stop()
	client, err := kubernetes.NewForConfig(tier.Config)
	if err != nil {
		return err
	}
	for _, count := range scales {
		namespace := fmt.Sprintf("scale-%d", count)
		if _, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := b.betas(ctx, tier.Kubeconfig, namespace, count); err != nil {
			return fmt.Errorf("%d betas: %w", count, err)
		}
	}
	return nil
}

// betas lets so many runs make a beta each, all at once, and remove it.
func (b *bench) betas(ctx context.Context, kubeconfig, namespace string, count int) error {
	var mutex sync.Mutex
	var up, gone, requests []float64
	all, each := errgroup.WithContext(ctx)
	for i := range count {
		all.Go(func() error {
			run := fmt.Sprintf("r%d", i)
			ready, removed, asked, err := beta(each, kubeconfig, namespace, run)
			mutex.Lock()
			defer mutex.Unlock()
			up, gone, requests = append(up, ready.Seconds()), append(gone, removed.Seconds()), append(requests, float64(asked))
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	name := fmt.Sprintf("scale.%d.", count)
	b.figures.set(name+"ready_s", median(up))
	b.figures.set(name+"ready_slowest_s", slices.Max(up))
	b.figures.set(name+"removed_s", median(gone))
	b.figures.set(name+"requests", median(requests))
	return nil
}

// beta makes one with a connection of its own, as a process of its own has it.
func beta(ctx context.Context, kubeconfig, namespace, run string) (ready, removed time.Duration, requests int64, err error) {
	begun := time.Now()
	c, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: kubeconfig, UserAgent: "slipway"})
	if err != nil {
		return 0, 0, 0, err
	}
	// Without a digest: fake nodes do not say which one runs.
	objects, err := manifest.Render(os.DirFS("."), "kustomize/overlays/beta", manifest.Layer{
		Namespace: namespace, NameSuffix: "-" + run,
		Labels: map[string]string{managed.LabelManagedBy: managed.FieldManager}, SelectorLabels: map[string]string{managed.LabelRun: run},
		Components: []string{"kustomize/components/per-run"}, Values: map[string]string{"path": "/beta/" + run},
	})
	if err != nil {
		return 0, 0, 0, err
	}
	// Nobody gives an Ingress an address here.
	objects = slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Ingress" })
	owner, err := runs.Begin(ctx, c, namespace, run, nil)
	if err != nil {
		return 0, 0, 0, err
	}
	plan, err := apply.NewPlan(ctx, c, objects, apply.Options{Owner: &owner})
	if err == nil {
		_, err = apply.Carry(ctx, c, plan, nil)
	}
	if err == nil {
		err = rollout.Wait(ctx, c, objects, nil)
	}
	if err != nil {
		return 0, 0, 0, err
	}
	ready, begun = time.Since(begun), time.Now()
	_, err = runs.Delete(ctx, c, namespace, run, nil)
	return ready, time.Since(begun), cluster.Requests(c), err
}
