package lock

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is a clock that runs on while the machine sleeps; Go's own monotonic
// clock stands still then (https://github.com/golang/go/issues/36141).
func sinceBoot() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(now.Nano())
}
