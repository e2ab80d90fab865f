package cluster

import (
	"math"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// generations remembers the generation each object had after our last write, so
// that a wait never takes an older state, out of a lagging cache, for the result.
type generations struct {
	mutex sync.Mutex
	of    map[types.UID]int64
}

func (g *generations) set(uid types.UID, generation int64) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.of == nil {
		g.of = map[types.UID]int64{}
	}
	g.of[uid] = max(generation, g.of[uid])
}

func (g *generations) get(uid types.UID) int64 {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.of[uid]
}

// Wrote remembers the generation that our last write gave an object.
func (c *Cluster) Wrote(object metav1.Object) { c.written.set(object.GetUID(), object.GetGeneration()) }

// Generation returns the generation that our last write gave an object, 0 without one.
func (c *Cluster) Generation(uid types.UID) int64 { return c.written.get(uid) }

// Removed remembers that an object is gone, though another of its name is to come: an
// informer that has not heard of it yet shows what is over.
func (c *Cluster) Removed(object metav1.Object) { c.written.set(object.GetUID(), math.MaxInt64) }
