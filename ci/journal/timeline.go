package journal

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// timeline keeps when each object of the running stage was first seen, and its last
// state.
type timeline struct {
	mutex   sync.Mutex
	order   []string
	objects map[string]*heardOf
}

// heardOf is one object of a timeline.
type heardOf struct {
	report.Object
	last time.Time
	span trace.Object
}

// heard notes a state of an object, named as "Kind namespace/name".
func (t *timeline) heard(ctx context.Context, object, state string, now time.Time) {
	kind, rest, ok := strings.Cut(object, " ")
	if !ok {
		return // the cluster itself
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	known := t.objects[object]
	if known == nil {
		namespace, name, namespaced := strings.Cut(rest, "/")
		if !namespaced {
			namespace, name = "", rest
		}
		known = &heardOf{Object: report.Object{Namespace: namespace, Kind: kind, Name: name, Start: now},
			span: trace.Wait(ctx, kind, namespace, name, now)}
		if t.objects == nil {
			t.objects = map[string]*heardOf{}
		}
		t.objects[object], t.order = known, append(t.order, object)
	}
	known.State, known.Seconds, known.last = state, report.Seconds(now.Sub(known.Start)), now
	known.span.State(state, now)
}

// doneStates are the states after which nothing is waited for.
var doneStates = []string{string(write.Created), string(write.Configured), string(write.Restored), string(write.Deleted), "ready"}

// take returns the objects and resets the timeline. If the stage passed, all are ready.
func (t *timeline) take(passed bool) []report.Object {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var out []report.Object
	for _, id := range t.order {
		object := t.objects[id]
		object.Ready = passed || slices.Contains(doneStates, object.State)
		if object.Ready {
			object.span.End(object.last)
		} else {
			object.span.Fail(object.State)
		}
		out = append(out, object.Object)
	}
	t.order, t.objects = nil, nil
	return out
}
