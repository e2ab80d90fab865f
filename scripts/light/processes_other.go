//go:build !linux

package light

import "syscall"

// attributes keep a terminal's Ctrl-C from a child, which is stopped by us.
// Here the kernel does not tell a child of our sudden death.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
