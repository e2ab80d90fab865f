package command

import (
	"regexp"
	"strings"
)

// versionLength is what the shortest of a version's places takes: the value of a
// Kubernetes label. An image's tag, with -beta behind it, may be longer.
const versionLength = 63

const dirty = "-dirty"

var (
	// fit is what both a tag and a label's value take as it is.
	fit = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

	// taken are names that a run makes itself: of another version's image, of a
	// changed tree, of a commit.
	taken = regexp.MustCompile(`^latest$|-beta$|-dirty$|(^|-)g[0-9a-f]{8,}$`)

	unfitForTag = regexp.MustCompile(`[^A-Za-z0-9._-]`)
)

// versionOfTag makes a version of a git tag: the tag itself where an image's tag and
// a label's value can be the same and no run makes that name for another commit.
// Else what does not fit becomes '-', and the commit is added in twelve characters:
// release/1.2, release+1.2 and release-1.2 are three versions, and none is that of
// an untagged commit, which has eight. suffix, for a changed tree, stays the end.
func versionOfTag(tag, commit, suffix string) string {
	if fit.MatchString(tag) && !taken.MatchString(tag) && len(tag+suffix) <= versionLength {
		return tag + suffix
	}
	suffix = "g" + commit[:12] + suffix
	readable := trimmed(unfitForTag.ReplaceAllString(tag, "-"))
	readable = trimmed(readable[:min(versionLength-len("-"+suffix), len(readable))])
	if readable == "" {
		return suffix
	}
	return readable + "-" + suffix
}

// trimmed begins and ends with a letter or digit.
func trimmed(text string) string { return strings.Trim(text, "._-") }
