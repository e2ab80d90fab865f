package pipeline

import (
	"strings"
	"time"
)

const (
	// betaSuffix ends the tag of an image that is not released.
	betaSuffix = "-beta"
	// engineTag is where the engine pushes an image, before it is stamped and gets the tag of its version: each pushes over the one
	// before.
	engineTag = "slipway" + betaSuffix
	// engineTagLife is longer than a run needs what the engine has pushed.
	engineTagLife = 24 * time.Hour
)

func isBeta(tag string) bool { return strings.HasSuffix(tag, betaSuffix) }

// ofEngine reports whether a tag is one of the engine's.
func ofEngine(tag string) bool { return tag == engineTag || strings.HasPrefix(tag, "slipway-run-") }
