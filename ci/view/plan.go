package view

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/diff"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// planText returns the plan for people: a heading and a diff for each object, as
// git has them for files, and how many there are of each kind of change.
func planText(plan pipeline.Plan, screen report.Screen) string {
	var parts []string
	if len(plan.MadeBy) > 0 {
		parts = append(parts, screen.Heading("Not deployed by slipway yet")+", but there already, made by\n"+madeBy(plan.MadeBy))
	}
	parts = append(parts, changes(plan, screen)...)
	if kept := notes(plan, screen); kept != "" {
		parts = append(parts, kept)
	}
	return strings.Join(append(parts, summary(plan)+"\n"), "\n")
}

// changes are the diffs of objects, and of the labels that they share.
func changes(plan pipeline.Plan, screen report.Screen) (parts []string) {
	for _, change := range plan.Changed() {
		if !relabelled(change) {
			parts = append(parts, screen.Heading(heading(change))+"\n"+details(change, screen))
		}
	}
	for _, labels := range relabellings(plan, screen) {
		parts = append(parts, labels.text(len(plan.Changes), screen))
	}
	return parts
}

// heading names what becomes of an object.
func heading(change apply.Preview) string {
	return fmt.Sprintf("%-10s %s", change.Action, change.String())
}

// details are the hunks of an object, and what else a reader has to know.
func details(change apply.Preview, screen report.Screen) string {
	var out strings.Builder
	for _, hunk := range change.Hunks {
		if change.Action == write.Configured {
			out.WriteString(place(hunk.Path, screen))
		}
		for _, line := range hunk.Lines {
			out.WriteString(signed(line, screen))
		}
	}
	for _, field := range change.Fields {
		if field.Left != nil {
			out.WriteString("  " + screen.Attention(givenUp(field)) + "\n")
		}
	}
	if change.Note != "" {
		out.WriteString("  " + screen.Attention(change.Note) + "\n")
	}
	return out.String()
}

// place begins a hunk. The object's own fields stand nowhere.
func place(path string, screen report.Screen) string {
	if path == "" {
		return screen.Place("@@") + "\n"
	}
	return screen.Place("@@ "+path+" @@") + "\n"
}

func signed(line diff.Line, screen report.Screen) string {
	text := string(line.Sign) + "  " + line.Text
	switch line.Sign {
	case diff.Added:
		text = screen.Added(text)
	case diff.Removed:
		text = screen.Removed(text)
	}
	return text + "\n"
}

// givenUp says what becomes of a field that is no longer ours and stays.
func givenUp(field diff.Field) string {
	if was, is := asText(field.From), asText(field.Left); was != is {
		return field.Path + " is given up and becomes " + is
	}
	return field.Path + " is given up and stays as it is"
}

func asText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// notes are what a reader should know of objects that stay as they are.
func notes(plan pipeline.Plan, screen report.Screen) string {
	var out strings.Builder
	for _, change := range plan.Changes {
		if change.Action == write.Unchanged && change.Note != "" {
			out.WriteString(screen.Attention(change.String()+": "+change.Note) + "\n")
		}
	}
	return out.String()
}

// summary is the last line.
func summary(plan pipeline.Plan) string {
	count := map[write.Action]int{}
	for _, change := range plan.Changes {
		count[change.Action]++
	}
	of := fmt.Sprintf("version %s, %s: ", plan.Version, plan.Digest)
	if len(plan.Changed()) == 0 {
		return of + fmt.Sprintf("nothing to change, %d unchanged", count[write.Unchanged])
	}
	of += fmt.Sprintf("%d to create, %d to configure, ", count[write.Created], count[write.Configured])
	if count[write.Deleted] > 0 {
		of += fmt.Sprintf("%d to prune, ", count[write.Deleted])
	}
	return of + fmt.Sprintf("%d unchanged", count[write.Unchanged])
}
