package cluster

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
)

// aliveAnnotation, on a run's record, is when its process last said that it lives.
const aliveAnnotation = "slipway.dev/alive"

// KeepAlive writes a sign of life to the run's record at once and then every 5
// seconds until stop is called, also when ctx has ended: cleanup still needs it.
// The record itself carries it, so that it goes with the record. A sign that
// cannot be written is left to the next one: nothing depends on a single one.
func (c *Cluster) KeepAlive(ctx context.Context, namespace, run string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for c.beat(ctx, namespace, run) {
			select {
			case <-time.After(c.renewal()):
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
func (c *Cluster) beat(ctx context.Context, namespace, run string) bool {
	ctx, cancel := context.WithTimeout(ctx, c.renewal())
	defer cancel()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, aliveAnnotation, c.Now().UTC().Format(time.RFC3339))
	_, err := c.typed.CoreV1().ConfigMaps(namespace).Patch(ctx, recordPrefix+run, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: FieldManager})
	return !apierrors.IsNotFound(err)
}

// StaleRuns returns the recorded runs of a namespace whose process no longer
// lives, by id: those that gave no sign of life while it watched, as long as a
// lease lasts (15 seconds; at once when all live). Only our own clock counts, and
// a run that has just begun is given the same time.
func (c *Cluster) StaleRuns(ctx context.Context, namespace string) ([]string, error) {
	w := c.watcher()
	inner := w.open(ctx)
	defer w.close()
	records, err := w.follow(inner, configMaps, namespace, metav1.ListOptions{LabelSelector: LabelRecord + "=run"})
	if err != nil {
		return nil, err
	}
	var first, silent map[string]string // by run, the version of its record
	silence := time.NewTimer(c.lasts())
	defer silence.Stop()
	for {
		synced, err := records.ready()
		switch {
		case err != nil:
			return nil, fromAPI(ctx, "configmaps in "+namespace, "watch", err)
		case synced && first == nil:
			first = recordVersions(records)
			silent = maps.Clone(first)
			silence.Reset(c.lasts())
		case synced:
			now := recordVersions(records)
			maps.DeleteFunc(silent, func(run, version string) bool { return now[run] != version })
		}
		if synced && len(silent) == 0 {
			return nil, nil
		}
		select {
		case <-w.changed:
		case <-silence.C:
			if synced {
				return slices.Sorted(maps.Keys(silent)), nil
			}
		case <-ctx.Done():
			return nil, ended(ctx, "runs in "+namespace, "it is not known which of them live")
		}
	}
}

func recordVersions(records *informer) map[string]string {
	out := map[string]string{}
	for _, record := range listOf[*corev1.ConfigMap](records.List()) {
		out[record.Labels[LabelRun]] = record.ResourceVersion
	}
	return out
}
