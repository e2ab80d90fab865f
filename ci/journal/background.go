package journal

import "sync"

// Background is work that goes on beside the stages. What it waits for is told only once
// a stage waits for it: until then it holds nobody up.
type Background struct {
	mutex sync.Mutex
	last  string
	tell  func(text string) // nil: nobody waits
}

// Heard takes note of the state of what it waits for.
func (b *Background) Heard(object, state string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.last = object + ": " + state
	if b.tell != nil {
		b.tell(b.last)
	}
}

// Awaited tells what it waits for, and from now on what changes.
func (b *Background) Awaited(tell func(text string)) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.tell = tell
	if b.last != "" {
		tell(b.last)
	}
}
