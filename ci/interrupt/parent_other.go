//go:build !linux

package interrupt

func hangUpWithParent() {}
