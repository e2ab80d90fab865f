package pipeline

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Status is what runs where. Lists are empty, never nil, where there is nothing.
type Status struct {
	Namespace      string             `json:"namespace"`
	BuildNamespace string             `json:"buildNamespace"`
	Releases       []Released         `json:"releases"` // newest first: the first is the current one
	Running        []cluster.Workload `json:"running"`  // in production
	Runs           []cluster.Run      `json:"runs"`     // in flight, or left by one that was killed; oldest first
	Lock           *cluster.Holder    `json:"lock"`     // of production; nil when nobody holds it
	Queue          []cluster.Waiter   `json:"queue"`    // for that lock, the next in line first
}

// Released is a recorded release without its objects.
type Released struct {
	Version string    `json:"version"`
	Digest  string    `json:"digest"`
	Commit  string    `json:"commit"`
	Run     string    `json:"run"`
	Time    time.Time `json:"time"`
}

// StatusOf reads both namespaces; nothing is written.
func StatusOf(ctx context.Context, c *cluster.Cluster, namespace, buildNamespace string) (Status, error) {
	out := Status{Namespace: namespace, BuildNamespace: buildNamespace, Releases: []Released{}}
	reading, each := errgroup.WithContext(ctx)
	reading.Go(func() error {
		releases, err := c.Releases(each, namespace)
		for _, r := range releases {
			out.Releases = append(out.Releases, Released{r.Version, r.Digest, r.Commit, r.Run, r.Time})
		}
		return err
	})
	reading.Go(func() (err error) {
		out.Running, err = c.Workloads(each, namespace)
		return err
	})
	reading.Go(func() (err error) {
		out.Runs, err = c.Runs(each, buildNamespace)
		return err
	})
	reading.Go(func() error {
		holder, err := c.Holder(each, namespace, leaseName)
		if holder.Name != "" {
			out.Lock = &holder
		}
		return err
	})
	reading.Go(func() (err error) {
		out.Queue, err = c.Queue(each, namespace, leaseName)
		return err
	})
	err := reading.Wait()
	return out, err
}
