package light

import "syscall"

// attributes keep a terminal's Ctrl-C from a child, which is stopped by us, and
// let none outlive us.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
