package main

import (
	"runtime"
	"syscall"
)

// init keeps main on the first thread, which lives as long as the program: what
// dieWithParent asks for is kept by the thread that asked.
func init() { runtime.LockOSThread() }

// dieWithParent has the kernel terminate this program when the one that started
// it ends, such as a script that was killed (prctl(2), PR_SET_PDEATHSIG).
func dieWithParent() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
}
