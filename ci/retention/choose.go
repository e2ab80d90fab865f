package retention

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/image"
)

// engineLife is longer than a run needs what the engine has pushed.
const engineLife = 24 * time.Hour

// besideTag matches tags that are made of the digest of what they are about: the list of what is attached, signatures.
var besideTag = regexp.MustCompile(`^sha256-[0-9a-f]{64}`)

// OldBeta is an image of betas that is to be removed.
type OldBeta struct {
	Repository image.Repository
	Tags       []string
	Created    time.Time
	image.Doomed
}

// chosen is what becomes of a repository.
type chosen struct {
	gone  []OldBeta
	kept  map[string]int  // tags of betas, by why they stay
	stays map[string]bool // digests that must not go
}

// group is one image and its tags of betas.
type group struct {
	image.Tagged
	tags []string
	why  string
}

// choose says which betas of a repository go. A digest goes with all its tags or not at all: most registries delete no tag by itself.
// held are further digests that stay: parts of indexes that are needed and have no tag.
func (in Cleanup) choose(repository image.Repository, tags []image.Tagged, held []string, n *needed, now time.Time) chosen {
	out := chosen{kept: map[string]int{}, stays: map[string]bool{}}
	released := map[string]bool{}
	groups := map[string]*group{}
	var order []*group
	for _, t := range tags {
		switch {
		case besideTag.MatchString(t.Tag):
		case !isBeta(t.Tag):
			for _, digest := range append([]string{t.Digest}, t.Parts...) {
				released[digest] = true
			}
		default:
			if groups[t.Digest] == nil {
				groups[t.Digest] = &group{Tagged: t}
				order = append(order, groups[t.Digest])
			}
			groups[t.Digest].tags = append(groups[t.Digest].tags, t.Tag)
		}
	}
	slices.SortFunc(order, func(a, b *group) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Tag, b.Tag)) })
	place := 0
	for _, g := range order {
		g.why = in.reason(repository, g, released, n, place, now)
		if !image.OfEngine(g.Tag) {
			place++
		}
	}
	for digest := range n.digests {
		out.stays[digest] = true
	}
	for _, digest := range held {
		out.stays[digest] = true
	}
	for digest := range released {
		out.stays[digest] = true
	}
	out.settle(order)
	for _, g := range order {
		if g.why != "" {
			out.kept[g.why] += len(g.tags)
			continue
		}
		parts := slices.DeleteFunc(slices.Clone(g.Parts), func(part string) bool { return out.stays[part] })
		old := OldBeta{Repository: repository, Tags: g.tags, Created: g.Created, Doomed: image.Doomed{Digest: g.Digest, Parts: parts}}
		for _, t := range tags {
			if about := strings.Replace(besideTag.FindString(t.Tag), "-", ":", 1); about != "" && (about == g.Digest || slices.Contains(parts, about)) {
				old.Beside = append(old.Beside, t.Digest)
			}
		}
		out.gone = append(out.gone, old)
	}
	return out
}

// settle notes what the images that stay consist of, and keeps those that are a part of another.
func (c *chosen) settle(order []*group) {
	for again := true; again; {
		again = false
		for _, g := range order {
			if g.why == "" && c.stays[g.Digest] {
				g.why = keptPart
			}
			if g.why != "" && !c.stays[g.Digest] || g.why != "" && slices.ContainsFunc(g.Parts, func(part string) bool { return !c.stays[part] }) {
				c.stays[g.Digest], again = true, true
				for _, part := range g.Parts {
					c.stays[part] = true
				}
			}
		}
	}
}

// reason is why an image stays; empty: it does not. place is how many are newer.
func (in Cleanup) reason(repository image.Repository, g *group, released map[string]bool, n *needed, place int, now time.Time) string {
	if released[g.Digest] {
		return keptReleased
	}
	for _, tag := range g.tags {
		if why := n.of(repository.String(), tag, append([]string{g.Digest}, g.Parts...)); why != "" {
			return why
		}
	}
	age := now.Sub(g.Created)
	switch {
	case in.Only != nil && !in.Only[g.Digest]:
		return keptOthers
	case in.Only != nil:
		return ""
	case image.OfEngine(g.Tag) && (g.Tag == image.EngineTag || age < engineLife):
		return keptByEngine
	case image.OfEngine(g.Tag):
		return ""
	case place < in.Keep:
		return keptNewest
	case in.Older > 0 && (g.Created.IsZero() || age < in.Older):
		return keptYoung
	}
	return ""
}
