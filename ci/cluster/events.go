package cluster

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
)

// workTime is for how long an event of a controller says that it is at work.
const workTime = 2 * time.Minute

// AtWork returns what a controller last said of an object, such as "Sync: ...", if that is no
// warning and not long ago; else it is empty. A cloud takes minutes to make a load balancer
// and its health checks, and publishes no address, or a dead one, meanwhile.
func (c *Cluster) AtWork(ctx context.Context, object *unstructured.Unstructured) string {
	event := c.NewestEvent(ctx, object)
	if event == nil || event.Type != corev1.EventTypeNormal || c.Now().Sub(LastSeen(event)) >= workTime {
		return ""
	}
	return fmt.Sprintf("%s: %s", event.Reason, OneLine(event.Message))
}

// NewestEvent is the last event about an object, or nil where there is none or it cannot be read.
func (c *Cluster) NewestEvent(ctx context.Context, object *unstructured.Unstructured) (newest *corev1.Event) {
	about := fields.Set{"involvedObject.kind": object.GetKind(), "involvedObject.name": object.GetName()}
	list, err := c.Typed.CoreV1().Events(object.GetNamespace()).List(ctx, metav1.ListOptions{FieldSelector: about.String()})
	if err != nil {
		return nil
	}
	for i := range list.Items {
		if event := &list.Items[i]; newest == nil || LastSeen(event).After(LastSeen(newest)) {
			newest = event
		}
	}
	return newest
}

// LastSeen is when an event was seen last; of the fields for that, each reporter fills another.
func LastSeen(event *corev1.Event) time.Time {
	at := event.LastTimestamp.Time
	if event.Series != nil && event.Series.LastObservedTime.After(at) {
		at = event.Series.LastObservedTime.Time
	}
	if event.EventTime.After(at) {
		at = event.EventTime.Time
	}
	if at.IsZero() {
		return event.CreationTimestamp.Time
	}
	return at
}
