package pipeline

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/report"
)

// timeline keeps when each object of the stage under way was first heard of, and its
// last state.
type timeline struct {
	mutex   sync.Mutex
	order   []string
	objects map[string]*report.Object
}

// heard is told a state of an object, named as "Kind namespace/name".
func (t *timeline) heard(object, state string, now time.Time) {
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
		known = &report.Object{Namespace: namespace, Kind: kind, Name: name, Start: now}
		if t.objects == nil {
			t.objects = map[string]*report.Object{}
		}
		t.objects[object], t.order = known, append(t.order, object)
	}
	known.State, known.Seconds = state, report.Seconds(now.Sub(known.Start))
}

// doneStates are those in which nothing more is waited for.
var doneStates = []string{string(cluster.Created), string(cluster.Configured), string(cluster.Restored), string(cluster.Deleted), "ready"}

// take returns what was heard and forgets it. A stage that passed waited for all.
func (t *timeline) take(passed bool) []report.Object {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var out []report.Object
	for _, id := range t.order {
		object := *t.objects[id]
		object.Ready = passed || slices.Contains(doneStates, object.State)
		out = append(out, object)
	}
	t.order, t.objects = nil, nil
	return out
}
