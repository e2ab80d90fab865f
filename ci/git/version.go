package git

import (
	"regexp"
	"strings"
)

// versionLength is the limit of a Kubernetes label's value. That of an image tag, even
// with -beta appended, is higher.
const versionLength = 63

const dirty = "-dirty"

var (
	// fit matches what is valid both as an image tag and as a label's value.
	fit = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

	// taken matches names that a run makes itself, for the image of another version, a
	// changed tree or a commit without a tag.
	taken = regexp.MustCompile(`^latest$|-beta$|-dirty$|(^|-)g[0-9a-f]{8,}$`)

	unfitForTag = regexp.MustCompile(`[^A-Za-z0-9._-]`)
)

// versionOfTag turns a git tag into a version. This is the tag itself if it is valid as
// image tag and label value and no run makes that name for another commit. Otherwise
// invalid characters become '-' and twelve characters of the commit's hash are added, so
// that release/1.2, release+1.2 and release-1.2 are three versions; that of an untagged
// commit has eight characters of it. suffix, for a changed tree, stays at the end.
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

// trimmed returns text cut so that it begins and ends with a letter or digit.
func trimmed(text string) string { return strings.Trim(text, "._-") }
