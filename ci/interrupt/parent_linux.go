package interrupt

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// init keeps main on the first thread, which lives as long as the program: what
// hangUpWithParent asks for is kept by the thread that asked.
func init() { runtime.LockOSThread() }

// hangUpWithParent has the kernel send SIGHUP when `go run` ends before this
// program does: a SIGTERM to it alone is not passed on, and would leave the run
// without anybody who waits for it (prctl(2), PR_SET_PDEATHSIG). Any other parent,
// such as a shell that started it in the background, may go.
func hangUpWithParent() {
	name, _ := os.ReadFile("/proc/" + strconv.Itoa(os.Getppid()) + "/comm")
	if strings.TrimSpace(string(name)) == "go" {
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGHUP), 0)
	}
}
