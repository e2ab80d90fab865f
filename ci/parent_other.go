//go:build !linux

package main

func hangUpWithParent() {}
