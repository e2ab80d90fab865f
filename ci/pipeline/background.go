package pipeline

import "sync"

// background is work that goes on beside the stages. What it waits for is told only once
// a stage waits for it: until then it holds nobody up.
type background struct {
	mutex sync.Mutex
	last  string
	tell  func(text string) // nil: nobody waits
}

// heard takes note of the state of what it waits for.
func (b *background) heard(object, state string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.last = object + ": " + state
	if b.tell != nil {
		b.tell(b.last)
	}
}

// awaited tells what it waits for, and from now on what changes.
func (b *background) awaited(tell func(text string)) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.tell = tell
	if b.last != "" {
		tell(b.last)
	}
}
