// Package runs keeps a record of each run of the build namespace, with signs of life,
// and deletes all that a run has made there. It does not know production.
package runs

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

const recordPrefix = "slipway-run-"

// Run is the record of a run in a namespace.
type Run struct {
	ID      string            `json:"run"`
	Started time.Time         `json:"started"` // by the server's clock
	Seen    time.Time         `json:"seen"`    // last sign of life, see Cluster.Now; Started before the first
	Data    map[string]string `json:"data"`    // as given to BeginRun
}

// Begin records a run in a namespace before it writes anything there, as the
// ConfigMap slipway-run-RUN. The result makes it the owner of what the run
// applies: Kubernetes collects all of it when the record is deleted, whoever
// deletes it and whether or not the run still lives. Begun again, a run keeps its
// record. Where OwnerReferencesPermissionEnforcement is on (OpenShift), the
// credentials also need update on configmaps/finalizers.
func Begin(ctx context.Context, c *cluster.Cluster, namespace, run string, data map[string]string) (metav1.OwnerReference, error) {
	record := applycorev1.ConfigMap(recordPrefix+run, namespace).WithData(data).WithLabels(map[string]string{
		managed.LabelManagedBy: managed.FieldManager, managed.LabelRecord: "run", managed.LabelRun: run,
	})
	made, err := c.Typed.CoreV1().ConfigMaps(namespace).Apply(ctx, record, metav1.ApplyOptions{FieldManager: managed.FieldManager})
	if err != nil {
		return metav1.OwnerReference{}, cluster.FromAPI(ctx, managed.Name("ConfigMap", namespace, recordPrefix+run), "record the run", err)
	}
	return metav1.OwnerReference{
		APIVersion: "v1", Kind: "ConfigMap", Name: made.Name, UID: made.UID,
		BlockOwnerDeletion: ptr.To(true), // else foreground deletion does not wait for the owned
	}, nil
}

// List returns the runs recorded in a namespace, oldest first.
func List(ctx context.Context, c *cluster.Cluster, namespace string) ([]Run, error) {
	list, err := c.Typed.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{LabelSelector: managed.LabelRecord + "=run"})
	if err != nil {
		return nil, cluster.FromAPI(ctx, "namespace "+namespace, "list runs", err)
	}
	runs := make([]Run, len(list.Items))
	for i, record := range list.Items {
		runs[i] = runOf(&record)
	}
	slices.SortFunc(runs, func(a, b Run) int { return a.Started.Compare(b.Started) })
	return runs, nil
}

func runOf(record *corev1.ConfigMap) Run {
	started := record.CreationTimestamp.Time
	seen, err := time.Parse(time.RFC3339, record.Annotations[aliveAnnotation])
	if err != nil {
		seen = started
	}
	return Run{ID: record.Labels[managed.LabelRun], Started: started, Seen: seen, Data: record.Data}
}

// Silent reports whether the run gave no sign of life for so long that it is most
// likely dead; StaleRuns makes sure.
func (r Run) Silent(now time.Time) bool { return cluster.Silent(now, r.Seen) }
