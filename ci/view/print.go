// Package view prints what a command found out: as text for people, or as JSON for
// programs.
package view

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/status"
)

// PrintStatus prints what runs where: in production, or in each of several environments.
func PrintStatus(all []status.Status, mode report.Mode, screen report.Screen) error {
	err := printEach(all, mode, screen, func(s status.Status) string { return s.Environment }, statusText)
	if err != nil || len(all) == 1 || mode == report.JSON {
		return err
	}
	return printAs(all, mode, screen, func(screen report.Screen) string { return environmentsTable(all, screen) }) // last: there a terminal ends
}

// environmentsTable says at a glance which version is where.
func environmentsTable(all []status.Status, screen report.Screen) string {
	var rows [][]string
	for _, s := range all {
		row := []string{s.Environment, "-", "-", "-"}
		if len(s.Releases) > 0 {
			row = []string{s.Environment, s.Releases[0].Version, statusWords{s, screen}.age(s.Releases[0].Time), map[bool]string{true: "yes", false: "no"}[s.Healthy]}
		}
		rows = append(rows, row)
	}
	return "\n" + screen.Heading("Environments, in their order") + "\n" + tableOf([]string{"ENVIRONMENT", "VERSION", "AGE", "HEALTHY"}, rows)
}

// PrintPlan prints what a deploy would change.
func PrintPlan(plan pipeline.Plan, mode report.Mode, screen report.Screen) error {
	return printAs(plan, mode, screen, func(screen report.Screen) string { return planText(plan, screen) })
}

// printEach prints one value as it is, and several under the names of their environments.
func printEach[T any](all []T, mode report.Mode, screen report.Screen, name func(T) string, text func(T, report.Screen) string) error {
	if len(all) == 1 {
		return printAs(all[0], mode, screen, func(screen report.Screen) string { return text(all[0], screen) })
	}
	return printAs(map[string][]T{"environments": all}, mode, screen, func(screen report.Screen) string {
		var parts []string
		for _, one := range all {
			parts = append(parts, "environment "+name(one)+"\n\n"+text(one, screen))
		}
		return strings.Join(parts, "\n")
	})
}

func printAs(value any, mode report.Mode, screen report.Screen, text func(report.Screen) string) error {
	if mode == report.JSON {
		return printJSON(screen.Out, value)
	}
	screen.Color = screen.Color && mode != report.Plain
	_, err := io.WriteString(screen.Out, mode.Guard(text(screen), screen, os.Getenv))
	return err
}

func printJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// hint is git's way to say what to do.
func hint(command, to string) string { return fmt.Sprintf("  (use %q to %s)\n", command, to) }

// own is a command of this program, as its user calls it.
func own(arguments ...string) string {
	return strings.Join(append([]string{about.Program()}, arguments...), " ")
}

// named is how many objects are named of each maker; --output json has all.
const named = 4

// madeBy lists makers, each with what it made.
func madeBy(makers []apply.Maker) string {
	var out strings.Builder
	for _, m := range makers {
		objects := m.Objects[:min(named, len(m.Objects))]
		fmt.Fprintf(&out, "  %s: %s", m.Who, strings.Join(objects, ", "))
		if more := len(m.Objects) - len(objects); more > 0 {
			fmt.Fprintf(&out, " and %d more", more)
		}
		out.WriteString("\n")
	}
	return out.String()
}
