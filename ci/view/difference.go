package view

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/difference"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// PrintDifference prints what changed between two releases.
func PrintDifference(d difference.Difference, mode report.Mode, screen report.Screen) error {
	return printAs(d, mode, screen, func(screen report.Screen) string { return differenceText(d, screen) })
}

// differenceText returns it for people: commits, packages of each image, then a diff of each object, which may be long.
func differenceText(d difference.Difference, screen report.Screen) string {
	parts := []string{commits(d, screen)}
	for _, i := range d.Images {
		parts = append(parts, packages(d, i, screen))
	}
	plan := pipeline.Plan{Changes: d.Changes}
	parts = append(parts, screen.Heading("Objects")+", as they were rendered: "+objects(d, plan)+"\n")
	return strings.Join(append(parts, changes(plan, screen)...), "\n")
}

// listed is how many commits are shown; --json has all.
const listed = 30

func commits(d difference.Difference, screen report.Screen) string {
	heading := screen.Heading("Commits from " + d.From.Version + " to " + d.To.Version)
	switch {
	case d.CommitsError != "":
		return heading + ": not known: " + d.CommitsError + "\n"
	case len(d.Commits)+len(d.Gone) == 0:
		return heading + ": none\n"
	}
	out := heading + "\n" + commitLines(d.Commits)
	if len(d.Gone) > 0 {
		out += screen.Attention(fmt.Sprintf("  that %s has and %s has not:", d.From.Version, d.To.Version)) + "\n" + commitLines(d.Gone)
	}
	return out
}

func commitLines(all []history.Commit) string {
	out := ""
	for _, c := range all[:min(listed, len(all))] {
		out += fmt.Sprintf("  %s  %s  %s (%s)\n", short(c.Hash), c.Time.UTC().Format("2006-01-02"), plain(c.Subject), plain(c.Author))
	}
	if more := len(all) - listed; more > 0 {
		out += fmt.Sprintf("  and %d more\n", more)
	}
	return out
}

// packages tells how the contents of one image differ.
func packages(d difference.Difference, i difference.Contents, screen report.Screen) string {
	heading := screen.Heading("Packages of "+i.Name) + ": "
	switch {
	case i.Error != "":
		return heading + "not known: " + i.Error + "\n"
	case i.From == i.To:
		return heading + "the same image, " + short(i.To) + "\n"
	}
	heading += short(i.From) + " to " + short(i.To)
	if i.Unverified {
		heading += ", by lists that nobody known vouches for"
	}
	if len(i.Packages) == 0 {
		return heading + ", the same packages\n"
	}
	out := ""
	for _, p := range i.Packages {
		from, to := versions(p.From), versions(p.To)
		switch {
		case len(p.From) == 0:
			out += "  " + screen.Added("+ "+plain(p.Package)+" "+to) + "\n"
		case len(p.To) == 0:
			out += "  " + screen.Removed("- "+plain(p.Package)+" "+from) + "\n"
		default:
			out += "    " + plain(p.Package) + " " + from + " → " + to + "\n"
		}
	}
	return heading + "\n" + out
}

func versions(all []string) string {
	return plain(cmp.Or(strings.Join(all, ", "), "without a version"))
}

// objects counts what became of them.
func objects(d difference.Difference, plan pipeline.Plan) string {
	if d.ObjectsError != "" {
		return "not known: " + d.ObjectsError
	}
	count := map[write.Action]int{}
	for _, change := range plan.Changes {
		count[change.Action]++
	}
	if len(plan.Changed()) == 0 {
		return fmt.Sprintf("none of %d changed", count[write.Unchanged])
	}
	return fmt.Sprintf("%d came, %d changed, %d went, %d are the same", count[write.Created], count[write.Configured], count[write.Deleted], count[write.Unchanged])
}

// plain is foreign text in which nothing steers a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}
