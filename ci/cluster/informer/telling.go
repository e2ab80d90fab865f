package informer

import (
	"sync"
	"time"
)

const (
	toldAfter = 2 * time.Second // most waits are over before: nobody has to read of them
	toldEvery = 5 * time.Second
)

// Telling tells what a wait waits for, once it lasts for a moment, and then what
// has changed every few seconds. Whoever waits may see a new state many times a second.
type Telling struct {
	object   string
	progress func(object, state string)

	mutex       sync.Mutex
	state, told string

	stop, ended chan struct{}
}

// Tell begins to tell about an object; progress may be nil.
func Tell(object string, progress func(object, state string)) *Telling {
	t := &Telling{object: object, progress: progress, stop: make(chan struct{}), ended: make(chan struct{})}
	if progress == nil {
		close(t.ended)
		return t
	}
	go func() {
		defer close(t.ended)
		next := time.NewTimer(toldAfter)
		defer next.Stop()
		for {
			select {
			case <-next.C:
				t.tell()
				next.Reset(toldEvery)
			case <-t.stop:
				return
			}
		}
	}()
	return t
}

// Is takes note of the present state.
func (t *Telling) Is(state string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.state = state
}

func (t *Telling) tell() {
	t.mutex.Lock()
	state := t.state
	news := state != "" && state != t.told
	if news {
		t.told = state
	}
	t.mutex.Unlock()
	if news {
		t.progress(t.object, state)
	}
}

// End ends it; nothing is told afterwards. What was told to be awaited is told to
// be in its last state, unless that is empty.
func (t *Telling) End(last string) {
	close(t.stop)
	<-t.ended
	if t.told != "" && last != "" {
		t.progress(t.object, last)
	}
}
