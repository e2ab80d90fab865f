//go:build !linux

package lock

import "time"

// sinceBoot is a clock that runs on while the machine sleeps: here the wall clock,
// for Go's own monotonic clock stands still then. Set forward, it makes a run ask
// for its lease once more than it had to.
func sinceBoot() time.Duration { return time.Duration(time.Now().UnixNano()) }
