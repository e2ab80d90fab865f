//go:build !linux

package host

// detach is Linux's alone; elsewhere no daemon of our own runs.
const detach = 0
