package reach

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// AtWork returns what the controller of an entrance that is looked for says that it is at;
// empty where none is at work.
func AtWork(ctx context.Context, c *cluster.Cluster, w Wanted) string {
	for _, e := range entrancesTo(w) {
		if e.object == nil {
			continue
		}
		if doing := c.AtWork(ctx, e.object); doing != "" {
			return e.name + ": " + doing
		}
	}
	return ""
}

// warning is what the controller last said of an entrance, if that is a warning.
func (e entrance) warning(ctx context.Context, c *cluster.Cluster) []string {
	if e.object == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	event := c.NewestEvent(ctx, e.object)
	if event == nil || event.Type != corev1.EventTypeWarning {
		return nil
	}
	return []string{fmt.Sprintf("event %s: %s", event.Reason, cluster.OneLine(event.Message))}
}
