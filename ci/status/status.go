// Package status reads what runs where: releases, runs in flight, who holds the production lock, what waits to be undone. It writes
// nothing, and does not know how that is shown.
package status

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/report"
)

// Status is what runs where. Lists may be empty, but are never nil.
type Status struct {
	Time           time.Time          `json:"time"`                  // by the API server's clock, as the times below are
	Environment    string             `json:"environment,omitempty"` // where production is one of several
	Namespace      string             `json:"namespace"`
	BuildNamespace string             `json:"buildNamespace"`
	Releases       []Released         `json:"releases"` // newest first: the first is the current one
	Running        []rollout.Workload `json:"running"`  // in production
	Runs           []runs.Run         `json:"runs"`     // in flight, or left by one that was killed; oldest first
	Lock           *lock.Holder       `json:"lock"`     // of production; nil when nobody holds it
	Queue          []lock.Waiter      `json:"queue"`    // for that lock, the next in line first
	Healthy        bool               `json:"healthy"`  // production has Deployments, and all of them are rolled out and ready
	Stale          []string           `json:"stale"`    // of Runs, those without a heartbeat for longer than 15 seconds
	Undos          []Undoable         `json:"undos"`    // changes of production that are neither verified nor undone yet
	Broken         []records.Broken   `json:"broken"`   // records that cannot be read

	// MadeBy lists who made objects of production's overlay that exist although we have not
	// released anything yet. Empty if there are none, or there is a release.
	MadeBy      []apply.Maker `json:"madeBy"`
	MadeByError string        `json:"madeByError,omitempty"` // why MadeBy is not known
}

// Undoable is a change of production that has an undo record.
type Undoable struct {
	Run      string    `json:"run"`
	Version  string    `json:"version"` // that the run deploys
	Back     string    `json:"back"`    // that production had before; empty for a first deploy
	Time     time.Time `json:"time"`
	UnderWay bool      `json:"underWay"` // its run holds the lock and sends heartbeats; otherwise it was killed
}

// Released is a recorded release without its objects.
type Released struct {
	Version string    `json:"version"`
	Digest  string    `json:"digest"`
	Commit  string    `json:"commit"`
	Run     string    `json:"run"`
	Time    time.Time `json:"time"`

	Evidence *report.Evidence `json:"evidence,omitempty"` // as it was verified before the deploy; nil where it was not
}

// Of reads both namespaces, each with its own connection, and writes nothing.
func Of(ctx context.Context, c, build *cluster.Cluster, namespace, buildNamespace string) (Status, error) {
	out := Status{Namespace: namespace, BuildNamespace: buildNamespace, Releases: []Released{}, Stale: []string{}, Undos: []Undoable{}, Broken: []records.Broken{}, MadeBy: []apply.Maker{}}
	var undos []records.UndoRecord
	var badReleases, badUndos []records.Broken
	reading, each := errgroup.WithContext(ctx)
	reading.Go(func() error {
		releases, bad, err := records.Releases(each, c, namespace)
		badReleases = bad
		for _, r := range releases {
			released := Released{Version: r.Version, Digest: r.Digest, Commit: r.Commit, Run: r.Run, Time: r.Time}
			if len(r.Evidence) > 0 {
				_ = json.Unmarshal(r.Evidence, &released.Evidence) // what cannot be read is not known
			}
			out.Releases = append(out.Releases, released)
		}
		return err
	})
	reading.Go(func() (err error) {
		out.Running, err = rollout.Workloads(each, c, namespace)
		return err
	})
	reading.Go(func() (err error) {
		out.Runs, err = runs.List(each, build, buildNamespace)
		return err
	})
	reading.Go(func() error {
		holder, err := lock.HolderOf(each, c, namespace, lock.Production)
		if holder.Name != "" {
			out.Lock = &holder
		}
		return err
	})
	reading.Go(func() (err error) {
		out.Queue, err = lock.Queue(each, c, namespace, lock.Production)
		return err
	})
	reading.Go(func() (err error) {
		undos, badUndos, err = records.Undos(each, c, namespace)
		return err
	})
	err := reading.Wait()
	out.Broken = append(out.Broken, slices.Concat(badReleases, badUndos)...)
	out.Time = c.Now()
	out.judge(undos)
	return out, err
}

// judge fills in the fields that follow from others.
func (s *Status) judge(undos []records.UndoRecord) {
	s.Healthy = len(s.Running) > 0 && !slices.ContainsFunc(s.Running, func(w rollout.Workload) bool { return !w.Out() })
	for _, run := range s.Runs {
		if run.Silent(s.Time) {
			s.Stale = append(s.Stale, run.ID)
		}
	}
	for _, undo := range undos {
		lives := s.Lock != nil && !s.Lock.Silent(s.Time) && s.Lock.Name == lock.Named(undo.Run, undo.Version)
		s.Undos = append(s.Undos, Undoable{Run: undo.Run, Version: undo.Version, Back: undo.Back, Time: undo.Time, UnderWay: lives})
	}
}
