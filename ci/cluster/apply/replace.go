package apply

import (
	"context"
	"errors"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// mustReplace reports whether the server refused a write because a live Job, ours or
// one that is taken over, can be as wanted only when it is made anew. The Job of a
// CronJob is that one's to remove.
func mustReplace(p *Planned, refused error) bool {
	return isUnchangeableJob(p, refused) && (managed.Applied(p.Live) != nil || len(p.takes) > 0) && metav1.GetControllerOf(p.Live) == nil
}

// isUnchangeableJob reports whether the server refused to change what is fixed in a
// live Job: its template, its selector, how often it completes.
func isUnchangeableJob(p *Planned, refused error) bool {
	if p.Live == nil || !rollout.IsJob(p.Object) {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(refused, &status) || status.Status().Reason != metav1.StatusReasonInvalid || status.Status().Details == nil {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		if strings.Contains(cause.Message, "immutable") {
			return true
		}
	}
	return false
}

// planReplacement plans to remove a Job that has ended and to make it anew, and has the
// server try both. One that has not ended is left alone: nobody knows what its pods are
// in the middle of.
func planReplacement(ctx context.Context, c *cluster.Cluster, p *Planned, refused error) error {
	if !rollout.HasEnded(p.Live) {
		state := "still runs"
		if suspended, _, _ := unstructured.NestedBool(p.Live.Object, "spec", "suspend"); suspended {
			state = "is suspended"
		}
		return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(p.Object), Err: refused,
			Cause: state + ", and the template of a Job cannot be changed", Try: "wait until it has ended, or delete it, then start again"}
	}
	if err := dryDelete(ctx, c, p.Resource, p.Live); err != nil {
		return err
	}
	fresh, err := asNew(ctx, c, p)
	if err != nil && !exceedsQuota(err) { // the one that goes makes room for it
		return err
	}
	p.foreseen, p.Replaces = fresh, true
	p.Upgraded, p.takes, p.force = nil, nil, false
	p.note("replaced: the template of a Job that has ended cannot be changed, so that it is made anew and runs")
	return nil
}

// removeEnded removes the live Job and returns when its pods are gone, too. Until the
// new one is there, that is what has happened to it.
func removeEnded(ctx context.Context, c *cluster.Cluster, p *Planned) error {
	removed, err := write.Delete(ctx, c, []*unstructured.Unstructured{p.Live})
	if len(removed) > 0 {
		p.Change.Action = write.Deleted
	}
	if err != nil {
		return err
	}
	c.Removed(p.Live)
	p.Live = nil
	return nil
}

const (
	quotaTime  = 10 * time.Second // that a quota's controller is given to see that a Job is gone
	quotaPause = 200 * time.Millisecond
)

// send applies an object. A quota on the number of Jobs counts one that was removed to
// be made anew for a moment longer.
func send(ctx context.Context, c *cluster.Cluster, p *Planned) (*unstructured.Unstructured, error) {
	counted, cancel := context.WithTimeout(ctx, quotaTime)
	defer cancel()
	for {
		result, err := patch(ctx, c, p)
		if !p.Replaces || !exceedsQuota(err) {
			return result, err
		}
		select {
		case <-time.After(quotaPause):
		case <-counted.Done():
			return nil, err
		}
	}
}

func exceedsQuota(err error) bool {
	return err != nil && strings.Contains(err.Error(), "exceeded quota")
}
