package reach

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// workTime is for how long an event of a controller says that it is at work.
const workTime = 2 * time.Minute

// AtWork returns what the controller of an entrance last said of it, such as "Sync: ...",
// if that is no warning and not long ago; else it is empty. Some take minutes to make a
// load balancer and its health checks, and publish no address, or a dead one, meanwhile.
func AtWork(ctx context.Context, c *cluster.Cluster, w Wanted) string {
	for _, e := range entrancesTo(w) {
		event := e.newest(ctx, c)
		if event != nil && event.Type == corev1.EventTypeNormal && c.Now().Sub(last(event)) < workTime {
			return fmt.Sprintf("%s: %s: %s", e.name, event.Reason, cluster.OneLine(event.Message))
		}
	}
	return ""
}

// warning is what the controller last said of an entrance, if that is a warning.
func (e entrance) warning(ctx context.Context, c *cluster.Cluster) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	event := e.newest(ctx, c)
	if event == nil || event.Type != corev1.EventTypeWarning {
		return nil
	}
	return []string{fmt.Sprintf("event %s: %s", event.Reason, cluster.OneLine(event.Message))}
}

// newest is the last event about the object of an entrance, or nil.
func (e entrance) newest(ctx context.Context, c *cluster.Cluster) (newest *corev1.Event) {
	if e.object == nil {
		return nil
	}
	about := fields.Set{"involvedObject.kind": e.object.GetKind(), "involvedObject.name": e.object.GetName()}
	list, err := c.Typed.CoreV1().Events(e.object.GetNamespace()).List(ctx, metav1.ListOptions{FieldSelector: about.String()})
	if err != nil {
		return nil
	}
	for i := range list.Items {
		if event := &list.Items[i]; newest == nil || last(event).After(last(newest)) {
			newest = event
		}
	}
	return newest
}

// last is when an event was seen last; of the fields for that, each reporter fills another.
func last(event *corev1.Event) time.Time {
	at := event.LastTimestamp.Time
	if event.Series != nil && event.Series.LastObservedTime.After(at) {
		at = event.Series.LastObservedTime.Time
	}
	if event.EventTime.After(at) {
		at = event.EventTime.Time
	}
	return at
}
