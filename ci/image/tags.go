package image

import (
	"fmt"
	"strings"
)

const (
	betaSuffix = "-beta"
	// EngineTag is where the engine pushes an image, before it is stamped and gets the tag of its version: each pushes over the one
	// before.
	EngineTag = "slipway" + betaSuffix
	runPrefix = "slipway-run-"
)

// Beta is the tag of a version's image that is not released.
func Beta(version string) string { return version + betaSuffix }

// IsBeta reports whether a tag is that of an image that is not released; version is its version.
func IsBeta(tag string) (version string, yes bool) { return strings.CutSuffix(tag, betaSuffix) }

// Latest is the tag of what was released last.
const Latest = "latest"

// Reserved reports whether a tag can be no version's: it is given for another reason.
func Reserved(tag string) bool {
	_, beta := IsBeta(tag)
	return beta || tag == Latest || strings.HasPrefix(tag, "sha256-")
}

// RunTag is where the engine pushes the nth variant of a run's image, where EngineTag cannot be moved.
func RunTag(run string, n int) string { return Beta(fmt.Sprintf("%s%s-%d", runPrefix, run, n)) }

// OfEngine reports whether a tag is one that the engine pushed to.
func OfEngine(tag string) bool { return tag == EngineTag || strings.HasPrefix(tag, runPrefix) }
