package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// observer watches the Deployments of a namespace beside the tool under test and
// remembers when the last of them became available.
type observer struct {
	stop func()

	mutex     sync.Mutex
	available map[string]bool
	since     time.Time // all of them; zero as long as one is not
	err       error
}

// observe begins with the state as it is now.
func observe(ctx context.Context, client kubernetes.Interface, namespace string) (*observer, error) {
	watched, err := client.AppsV1().Deployments(namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("observe %s: %w", namespace, err)
	}
	o := &observer{available: map[string]bool{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for event := range watched.ResultChan() {
			o.see(event)
		}
	}()
	o.stop = func() { watched.Stop(); <-ended }
	return o, nil
}

func (o *observer) see(event watch.Event) {
	now := time.Now()
	o.mutex.Lock()
	defer o.mutex.Unlock()
	d, ok := event.Object.(*appsv1.Deployment)
	if !ok {
		o.err = fmt.Errorf("the observer's watch ended: %v", event.Object)
		return
	}
	o.available[d.Name] = rolledOut(d)
	if !o.all() {
		o.since = time.Time{}
	} else if o.since.IsZero() {
		o.since = now
	}
}

func (o *observer) all() bool {
	n := 0
	for _, available := range o.available {
		if available {
			n++
		}
	}
	return n == deployments
}

// rolledOut is what `kubectl rollout status` waits for.
func rolledOut(d *appsv1.Deployment) bool {
	s, want := d.Status, *d.Spec.Replicas
	return s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want
}

// allAvailable returns since when all Deployments are. A tool that has ended may
// have heard of it a moment before this watch.
func (o *observer) allAvailable() (time.Time, error) {
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		o.mutex.Lock()
		since, err := o.since, o.err
		o.mutex.Unlock()
		switch {
		case err != nil:
			return since, err
		case !since.IsZero():
			return since, nil
		case time.Since(begun) > time.Second:
			return since, fmt.Errorf("the tool ended before all Deployments were available")
		}
	}
}
