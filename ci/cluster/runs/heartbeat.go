package runs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// aliveAnnotation, on a run's record, is when its process last said that it lives.
const aliveAnnotation = "slipway.dev/alive"

// KeepAlive writes a sign of life to the run's record at once and then every 5
// seconds until stop is called, also when ctx has ended: cleanup still needs it.
// The record itself carries it, so that it goes with the record. A sign that
// cannot be written is left to the next one: nothing depends on a single one.
func KeepAlive(ctx context.Context, c *cluster.Cluster, namespace, run string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for beat(ctx, c, namespace, run) {
			select {
			case <-time.After(c.Renewal()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// beat returns false when there is no record any more. A merge patch never makes one.
func beat(ctx context.Context, c *cluster.Cluster, namespace, run string) bool {
	ctx, cancel := context.WithTimeout(ctx, c.Renewal())
	defer cancel()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, aliveAnnotation, c.Now().UTC().Format(time.RFC3339))
	_, err := c.Typed.CoreV1().ConfigMaps(namespace).Patch(ctx, recordPrefix+run, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: managed.FieldManager})
	return !apierrors.IsNotFound(err)
}

// Stale returns the recorded runs of a namespace whose process no longer
// lives, by id: those that gave no sign of life while it watched, as long as a
// lease lasts (15 seconds; at once when all live). Only our own clock counts, and
// a run that has just begun is given the same time.
func Stale(ctx context.Context, c *cluster.Cluster, namespace string) ([]string, error) {
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	records, err := w.Follow(inner, cluster.ConfigMaps, namespace, metav1.ListOptions{LabelSelector: managed.LabelRecord + "=run"})
	if err != nil {
		return nil, err
	}
	var first, silent map[string]string // by run, the version of its record
	silence := time.NewTimer(c.Lasts())
	defer silence.Stop()
	for {
		synced, err := records.Ready()
		switch {
		case err != nil:
			return nil, cluster.FromAPI(ctx, "configmaps in "+namespace, "watch", err)
		case synced && first == nil:
			first = recordVersions(records)
			silent = maps.Clone(first)
			silence.Reset(c.Lasts())
		case synced:
			now := recordVersions(records)
			maps.DeleteFunc(silent, func(run, version string) bool { return now[run] != version })
		}
		if synced && len(silent) == 0 {
			return nil, nil
		}
		select {
		case <-w.Changed:
		case <-silence.C:
			if synced {
				return slices.Sorted(maps.Keys(silent)), nil
			}
		case <-ctx.Done():
			return nil, informer.Ended(ctx, "runs in "+namespace, "it is not known which of them live")
		}
	}
}

func recordVersions(records *informer.Informer) map[string]string {
	out := map[string]string{}
	for _, record := range informer.ListOf[*corev1.ConfigMap](records.List()) {
		out[record.Labels[managed.LabelRun]] = record.ResourceVersion
	}
	return out
}
