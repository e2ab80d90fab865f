package manifest

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// rewrites shorten kustomize's errors to the path that leads to the cause. Kustomize tries each resource first as a file and
// then as a folder and reports both failures; its folders are those in memory.
var rewrites = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`accumulation err='accumulating resources from '[^']*': '[^']*' must resolve to a file': `), ""},
	{regexp.MustCompile(`accumulation err='(?:accumulating|merging) resources from '([^']*)': (.*)': must build at directory: .*`), "$1: $2"},
	{regexp.MustCompile(`(?:accumulating|merging) resources from '([^']*)': (?:MalformedYAMLError: )?`), "$1: "},
	{regexp.MustCompile(`(?:recursed (?:accumulation of|merging from)|couldn't make target for) path '([^']*)': `), "$1: "},
	{regexp.MustCompile(`accumulating (?:resources|components): `), ""},
	{regexp.MustCompile(`/` + treeFolder + `/`), ""},
	{regexp.MustCompile(`security; (file '[^']*' is not in or below '[^']*')`), "$1: a kustomization loads files from its own folder alone, " +
		"and other folders as a whole, among its resources"},
	{regexp.MustCompile(`(line \d+ has invalid utf8 bytes) : .*`), "$1"}, // which may be a secret's
	{regexp.MustCompile(`(?:loading generator plugins: failed to load generator: )?(?:trouble configuring builtin HelmChartInflationGenerator .*|` +
		`plugin HelmChartInflationGenerator\S* fails configuration): must specify --enable-helm`), "a Helm chart: no program is run for an overlay: " +
		"write what `helm template` prints into a file and list that in resources"},
	{regexp.MustCompile(`(?:loading generator plugins: failed to load generator: )?external plugins disabled; unable to load external plugin '(?:ksops|SopsGenerator)'`),
		"no program is run for an overlay, and none needed: list the files that SOPS encrypted in resources or in a secretGenerator"},
	{regexp.MustCompile(`(?:loading generator plugins: failed to load generator: )?external plugins disabled; unable to load external plugin '([^']*)'`),
		"$1 is a plugin, and no program is run for an overlay: write what it makes into a file and list that in resources"},
	{regexp.MustCompile(`\.\[no(?:Ns|Ver|Grp)\]`), ""},
}

// oneLine returns the cause of err in one line, with paths as in the tree and without overlay, which the caller names.
func oneLine(err error, overlay string) error {
	text := strings.Join(strings.Fields(unquoted(err.Error())), " ")
	for _, rewrite := range rewrites {
		text = rewrite.pattern.ReplaceAllString(text, rewrite.with)
	}
	return errors.New(strings.TrimPrefix(text, overlay+": "))
}

// unquoted returns text without the quotes that kustomize puts around the errors of components, once for each level.
func unquoted(text string) string {
	const quoting = "accumulateDirectory: "
	before, quoted, found := strings.Cut(text, quoting)
	if !found {
		return text
	}
	cause, err := strconv.Unquote(quoted)
	if err != nil {
		return before + quoted
	}
	return before + unquoted(cause)
}
