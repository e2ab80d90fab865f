package retention

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

// digestOf is a digest that one sees the name in.
func digestOf(name string) string { return "sha256:" + fmt.Sprintf("%064x", name) }

// under is a tag for the image of a name, so many days old, and the names of its parts.
func under(tag, name string, days int, parts ...string) image.Tagged {
	t := image.Tagged{Tag: tag, Digest: digestOf(name), Created: today.Add(-time.Duration(days) * 24 * time.Hour)}
	for _, part := range parts {
		t.Parts = append(t.Parts, digestOf(part))
	}
	return t
}

func TestTheImageOfABetaGoesUnlessSomethingNeedsIt(t *testing.T) {
	t.Parallel()
	four := []image.Tagged{under("1-beta", "one", 40), under("2-beta", "two", 30), under("3-beta", "three", 20), under("4-beta", "four", 10)}
	with := func(more ...image.Tagged) []image.Tagged { return append(slices.Clone(four), more...) }
	for name, c := range map[string]struct {
		in   Cleanup
		tags []image.Tagged
		held []string
		add  func(*needed)
		gone string
		kept map[string]int
	}{
		"nothing needs any":                    {tags: four, gone: "4-beta 3-beta 2-beta 1-beta"},
		"the newest two stay":                  {in: Cleanup{Keep: 2}, tags: four, gone: "2-beta 1-beta", kept: map[string]int{keptNewest: 2}},
		"what is younger stays":                {in: Cleanup{Older: 25 * 24 * time.Hour}, tags: four, gone: "2-beta 1-beta", kept: map[string]int{keptYoung: 2}},
		"both":                                 {in: Cleanup{Keep: 3, Older: time.Hour}, tags: four, gone: "1-beta", kept: map[string]int{keptNewest: 3}},
		"released":                             {tags: with(under("2", "two", 30), under("latest", "three", 20)), gone: "4-beta 1-beta", kept: map[string]int{keptReleased: 2}},
		"released ones count for the newest":   {in: Cleanup{Keep: 2}, tags: with(under("4", "four", 10)), gone: "2-beta 1-beta", kept: map[string]int{keptReleased: 1, keptNewest: 1}},
		"recorded":                             {tags: four, add: func(n *needed) { n.add(`{"image":"a@`+digestOf("one")+`"}`, keptRecorded) }, gone: "4-beta 3-beta 2-beta", kept: map[string]int{keptRecorded: 1}},
		"running, named by its tag":            {tags: four, add: func(n *needed) { n.add("registry.example.com:5000/team/app:3-beta", keptRunning) }, gone: "4-beta 2-beta 1-beta", kept: map[string]int{keptRunning: 1}},
		"another repository's tag is running":  {tags: four, add: func(n *needed) { n.add("registry.example.com:5000/team/apple:3-beta", keptRunning) }, gone: "4-beta 3-beta 2-beta 1-beta"},
		"of a run in flight":                   {tags: four, add: func(n *needed) { n.flying["2"] = true }, gone: "4-beta 3-beta 1-beta", kept: map[string]int{keptInFlight: 1}},
		"two tags of one image, one in flight": {tags: with(under("2a-beta", "two", 30)), add: func(n *needed) { n.flying["2a"] = true }, gone: "4-beta 3-beta 1-beta", kept: map[string]int{keptInFlight: 2}},
		"an index of which a part runs":        {tags: with(under("5-beta", "five", 5, "amd", "arm")), add: func(n *needed) { n.add(digestOf("arm"), keptRunning) }, gone: "4-beta 3-beta 2-beta 1-beta", kept: map[string]int{keptRunning: 1}},
		"a part of an index that stays":        {in: Cleanup{Keep: 1}, tags: with(under("5-beta", "five", 5, "one")), gone: "4-beta 3-beta 2-beta", kept: map[string]int{keptNewest: 1, keptPart: 1}},
		"a part of a release":                  {tags: with(under("5", "five", 5, "one")), gone: "4-beta 3-beta 2-beta", kept: map[string]int{keptReleased: 1}},
		"a part of what runs without a tag":    {tags: four, held: []string{digestOf("two")}, gone: "4-beta 3-beta 1-beta", kept: map[string]int{keptPart: 1}},
		"what builds need": {tags: []image.Tagged{under(image.EngineTag, "pushed", 9), under("slipway-run-a-0-beta", "a", 0), under("slipway-run-b-0-beta", "b", 2)},
			in: Cleanup{Keep: 5}, gone: "slipway-run-b-0-beta", kept: map[string]int{keptByEngine: 2}},
		"an age that is not known": {in: Cleanup{Older: time.Hour}, tags: []image.Tagged{{Tag: "1-beta", Digest: digestOf("one")}}, kept: map[string]int{keptYoung: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &needed{digests: map[string]string{}, tags: map[string]string{}, flying: map[string]bool{}}
			if c.add != nil {
				c.add(n)
			}
			out := c.in.choose(repositoryOf(t, "registry.example.com:5000/team/app"), c.tags, c.held, n, today)
			var gone []string
			for _, old := range out.gone {
				gone = append(gone, old.Tags...)
				require.False(t, out.stays[old.Digest])
			}
			require.Equal(t, c.gone, strings.Join(gone, " "))
			if c.kept == nil {
				c.kept = map[string]int{}
			}
			require.Equal(t, c.kept, out.kept)
		})
	}
}

func TestAnIndexThatGoesLeavesThePartsThatAnotherHas(t *testing.T) {
	t.Parallel()
	n := &needed{digests: map[string]string{}, tags: map[string]string{}, flying: map[string]bool{}}
	list := func(name string) string { return strings.Replace(digestOf(name), ":", "-", 1) }
	tags := []image.Tagged{under("1-beta", "one", 2, "amd", "arm", "riscv"), under("2-beta", "two", 1, "amd"), under("3", "three", 3, "arm"),
		under(list("one"), "notes of one", 1), under(list("riscv")+".sig", "signature of riscv", 1), under(list("amd"), "notes of amd", 1)}
	out := Cleanup{Keep: 1}.choose(repositoryOf(t, "registry.example.com/team/app"), tags, nil, n, today)
	require.Len(t, out.gone, 1)
	require.Equal(t, image.Doomed{Digest: digestOf("one"), Parts: []string{digestOf("riscv")}, Beside: []string{digestOf("notes of one"), digestOf("signature of riscv")}}, out.gone[0].Doomed)
}

var today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func repositoryOf(t *testing.T, name string) image.Repository {
	t.Helper()
	repository, err := image.ParseRepository(name)
	require.NoError(t, err)
	return repository
}
