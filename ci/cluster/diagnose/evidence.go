package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
)

const (
	evidenceTimeout = 3 * time.Second
	evidenceLines   = 20
	EvidenceWidth   = 400 // bytes of a line
)

// EventsAbout returns the events about an object, oldest first. The context may be
// over already: it is then that they are wanted.
func EventsAbout(ctx context.Context, c *cluster.Cluster, object metav1.Object) ([]*corev1.Event, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(object.GetUID())).String()}
	list, err := c.Typed.CoreV1().Events(cmp.Or(object.GetNamespace(), metav1.NamespaceDefault)).List(ctx, only)
	if err != nil {
		return nil, err
	}
	out := make([]*corev1.Event, len(list.Items))
	for i := range list.Items {
		out[i] = &list.Items[i]
	}
	slices.SortStableFunc(out, func(a, b *corev1.Event) int { return cluster.LastSeen(a).Compare(cluster.LastSeen(b)) })
	return out, nil
}

// EventLines returns the warnings among events.
func EventLines(found []*corev1.Event) []string {
	var lines []string
	for _, event := range found {
		if event.Type != corev1.EventTypeWarning {
			continue
		}
		line := fmt.Sprintf("event %s: %s", event.Reason, cluster.OneLine(event.Message))
		if event.Count > 1 {
			line += fmt.Sprintf(" (%d times)", event.Count)
		}
		lines = append(lines, line)
	}
	return lines[max(0, len(lines)-evidenceLines):]
}

// Node returns a node, or nil when it is gone, or not ours to read.
func Node(ctx context.Context, c *cluster.Cluster, name string) *corev1.Node {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	node, err := c.Typed.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return node
}

// LogLines returns the last lines of a container's log: of its former instance
// when it was restarted, since that one holds the reason. The context may be
// over already, the log is wanted all the same. Evidence is never worth hiding the
// cause for: that there is none to be had is but another line.
func LogLines(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod, container string) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	options := &corev1.PodLogOptions{Container: container, Previous: restarted(pod, container), TailLines: ptr.To[int64](evidenceLines)}
	read := func() (string, error) {
		text, err := c.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
		if err == nil && strings.HasPrefix(string(text), "unable to retrieve container logs") {
			err = errors.New(cluster.OneLine(string(text))) // the kubelet says so with status 200
		}
		return string(text), err
	}
	text, err := read()
	if err != nil { // it was started anew, or ended, since its state was seen
		options.Previous = !options.Previous
		text, err = read()
	}
	if err != nil {
		return []string{fmt.Sprintf("log %s/%s: not to be had: %s", pod.Name, container, cluster.OneLine(err.Error()))}
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, fmt.Sprintf("log %s/%s: %s", pod.Name, container, strings.TrimSpace(line)))
	}
	if len(lines) == 0 {
		return []string{fmt.Sprintf("log %s/%s: it wrote nothing", pod.Name, container)}
	}
	return lines
}

// restarted reports whether what is wanted is the log of a container's former
// instance: not when the present one has ended as well.
func restarted(pod *corev1.Pod, container string) bool {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if status.Name == container {
			return status.LastTerminationState.Terminated != nil && status.State.Terminated == nil
		}
	}
	return false
}
