package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

const (
	evidenceTimeout = 3 * time.Second
	evidenceLines   = 20
)

// eventLines returns the warnings about a pod, oldest first.
func eventLines(found []*corev1.Event) []string {
	slices.SortFunc(found, func(a, b *corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	var lines []string
	for _, event := range found {
		if event.Type != corev1.EventTypeWarning {
			continue
		}
		line := fmt.Sprintf("event %s: %s", event.Reason, oneLine(event.Message))
		if event.Count > 1 {
			line += fmt.Sprintf(" (%d times)", event.Count)
		}
		lines = append(lines, line)
	}
	return lines[max(0, len(lines)-evidenceLines):]
}

// logLines returns the last lines of a container's log: of its former instance
// when it was restarted, since that one holds the reason. The context may be
// over already, the log is wanted all the same. Without a log it returns nothing:
// evidence is never worth hiding the cause for.
func (c *Cluster) logLines(ctx context.Context, pod *corev1.Pod, container string) []string {
	if container == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	options := &corev1.PodLogOptions{Container: container, Previous: restarted(pod, container), TailLines: ptr.To[int64](evidenceLines)}
	text, err := c.typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		lines = append(lines, fmt.Sprintf("log %s/%s: %s", pod.Name, container, strings.TrimSpace(line)))
	}
	return lines
}

func restarted(pod *corev1.Pod, container string) bool {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if status.Name == container {
			return status.LastTerminationState.Terminated != nil
		}
	}
	return false
}
