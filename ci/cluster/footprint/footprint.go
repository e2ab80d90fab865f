// Package footprint takes down what a namespace holds, so that the end of a run can be
// compared with its beginning. It does not know which of the differences were wanted.
package footprint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// Fingerprint is the state of all that the credentials can see: of each object
// what tells that somebody wrote it, and who. It holds no content.
type Fingerprint struct {
	objects map[string]mark // by kind, namespace and name
}

// mark is the state of one object.
type mark struct {
	kind, namespace, name, run string

	uid        types.UID
	generation int64  // 0 for kinds that have none
	version    string // changes with the status, too
	deleted    bool
	notes      string           // hash of labels and annotations
	managers   map[string]trace // what each wrote, but for the status, by field manager
}

// trace is what a field manager left on an object: a hash of its fields, and when
// it last wrote one; who only lost a field to another did not write.
type trace struct{ fields, times string }

// Difference is an object that is not the same in two fingerprints.
type Difference struct {
	Namespace, Kind, Name string
	Action                write.Action // Created, Configured or Deleted
	By                    []string     // field managers whose hand is visible; none on a deleted object
	Run                   string       // whose label it carries, or carried
}

// String names the object.
func (d Difference) String() string { return managed.Name(d.Kind, d.Namespace, d.Name) }

// Take reads the metadata of every object that the credentials may list in
// the namespace, and of those outside of any, kinds side by side. Left out is what
// changes by itself (pods, events, leases, whatever a controller owns) and our own
// bookkeeping.
func Take(ctx context.Context, c *cluster.Cluster, namespace string) (*Fingerprint, error) {
	places, err := visible(ctx, c, namespace)
	if err != nil {
		return nil, err
	}
	out := &Fingerprint{objects: map[string]mark{}}
	var mutex sync.Mutex
	reading, each := errgroup.WithContext(ctx)
	reading.SetLimit(cluster.Parallel)
	for _, at := range places {
		reading.Go(func() error {
			list, err := c.Metadata.Resource(at.gvr).Namespace(at.namespace).List(each, metav1.ListOptions{})
			if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				return nil // not to be seen after all
			}
			if err != nil {
				return cluster.FromAPI(ctx, managed.Name(at.kind, at.namespace, "*"), "list", err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			for i := range list.Items {
				out.add(at.kind, at.gvr.Group, &list.Items[i])
			}
			return nil
		})
	}
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

func (f *Fingerprint) add(kind, group string, object *metav1.PartialObjectMetadata) {
	if object.Labels[managed.LabelRecord] != "" || metav1.GetControllerOf(object) != nil {
		return
	}
	f.objects[strings.Join([]string{kind, group, object.Namespace, object.Name}, "/")] = mark{
		kind: kind, namespace: object.Namespace, name: object.Name, run: object.Labels[managed.LabelRun],
		uid: object.UID, generation: object.Generation, version: object.ResourceVersion, deleted: object.DeletionTimestamp != nil,
		notes: hashOf(object.Labels, object.Annotations), managers: managersOf(object.ManagedFields),
	}
}

// managersOf hashes what each manager wrote and when. What it wrote to the status
// is no change that anybody asked for.
func managersOf(entries []metav1.ManagedFieldsEntry) map[string]trace {
	wrote := map[string][]metav1.ManagedFieldsEntry{}
	for _, entry := range entries {
		if entry.Subresource != "status" {
			wrote[entry.Manager] = append(wrote[entry.Manager], entry)
		}
	}
	out := map[string]trace{}
	for manager, entries := range wrote {
		var times []*metav1.Time
		for _, entry := range entries {
			times = append(times, entry.Time)
		}
		out[manager] = trace{fields: hashOf(entries), times: hashOf(times)}
	}
	return out
}

func hashOf(values ...any) string {
	text, _ := json.Marshal(values) // maps are sorted; these always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Count is how many objects of the namespace the fingerprint holds.
func (f *Fingerprint) Count(namespace string) int {
	count := 0
	for _, m := range f.objects {
		if m.namespace == namespace {
			count++
		}
	}
	return count
}

// In returns the part of the fingerprint that is in the namespace.
func (f *Fingerprint) In(namespace string) *Fingerprint {
	out := &Fingerprint{objects: maps.Clone(f.objects)}
	maps.DeleteFunc(out.objects, func(_ string, m mark) bool { return m.namespace != namespace })
	return out
}

// Differences returns what is not the same in a later fingerprint, in order.
func (f *Fingerprint) Differences(later *Fingerprint) []Difference {
	var out []Difference
	for key, before := range f.objects {
		after, stays := later.objects[key]
		switch {
		case !stays:
			out = append(out, before.difference(write.Deleted, nil))
		case before.uid != after.uid: // another of the same name
			out = append(out, after.difference(write.Configured, slices.Collect(maps.Keys(after.managers))))
		case before.deleted != after.deleted:
			out = append(out, before.difference(write.Deleted, nil))
		case before.changed(after):
			out = append(out, after.difference(write.Configured, before.changers(after)))
		}
	}
	for key, after := range later.objects {
		if _, known := f.objects[key]; !known {
			out = append(out, after.difference(write.Created, slices.Collect(maps.Keys(after.managers))))
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// changed reports whether somebody wrote anything but the status. Where there is no
// generation, which counts that, the managers tell; an object without any of these
// counts as changed with every version.
func (m mark) changed(after mark) bool {
	switch {
	case m.version == after.version:
		return false
	case m.notes != after.notes || m.generation != after.generation:
		return true
	case m.generation != 0:
		return false
	}
	return len(after.managers) == 0 || !maps.Equal(m.managers, after.managers)
}

// changers are the managers that wrote between two states.
func (m mark) changers(after mark) []string {
	var out []string
	for manager, wrote := range after.managers {
		if m.managers[manager].times != wrote.times {
			out = append(out, manager)
		}
	}
	return out
}

func (m mark) difference(action write.Action, by []string) Difference {
	slices.Sort(by)
	return Difference{Namespace: m.namespace, Kind: m.kind, Name: m.name, Action: action, By: by, Run: m.run}
}
