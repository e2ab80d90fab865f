//go:build !linux

package command

func hangUpWithParent() {}
