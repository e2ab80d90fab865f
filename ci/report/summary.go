package report

import (
	"fmt"
	"strings"
)

// Summary returns the run as Markdown, for a CI vendor's page or a merge request.
func Summary(report Report) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	sign, _ := mark(report.Result)
	line("### %s %s %s in %s\n", sign, code(firstOf(report.Version, report.Run)), report.Result, elapsed(report.Seconds))
	if at := lastAddress(report); at != "" {
		line("In %s at <%s>.\n", report.Place(), at)
	}
	line("| stage | result | time | |\n|---|---|---|---|")
	for _, stage := range report.Stages {
		sign, _ := mark(stage.Result)
		line("| %s | %s %s | %s | %s |", stage.Name, sign, stage.Result, elapsed(stage.Seconds), cell(outcome(stage)))
	}
	for _, stage := range report.Stages {
		if stage.Result == Failed {
			line("\n**%s%s: %s**", stage.Name, optionally(stage), escape(inline(firstOf(stage.Cause, stage.Error))))
			if len(stage.Evidence) > 0 {
				line("\n%s", fenced(stage.Evidence))
			}
			if stage.Try != "" {
				line("\nTry: %s", escape(inline(stage.Try)))
			}
		}
	}
	switch {
	case report.Undo.Error != "":
		line("\n**%s could not be put back: %s**", report.PutBack(), escape(inline(report.Undo.Error)))
	case report.Undo.Done:
		line("\n%s was put back as it was.", report.PutBack())
	}
	for _, left := range report.Undo.Left {
		line("\nBut %s.", escape(inline(left)))
	}
	for _, text := range report.proven() {
		line("\n%s", escape(text))
	}
	if report.Again != "" {
		line("\nOnce the cause is gone, the version goes on by:\n\n%s", fenced([]string{report.Again}))
	}
	if report.Waits != nil {
		line("\n**%s waits for an approval.** Once it has one, this goes on there:\n\n%s", escape(report.Waits.Environment), fenced([]string{report.Waits.Command}))
	}
	if report.Digest != "" {
		line("\n%s", code(report.Image+"@"+report.Digest))
	}
	for _, fact := range report.Evidence.Facts() {
		line("- %s: %s", fact.What, escape(fact.Text))
	}
	if fact := report.Vulnerabilities.Fact(); fact.Text != "" {
		line("- %s: %s", fact.What, escape(fact.Text))
	}
	return out.String()
}

// optionally says of a stage that its failure ended no run.
func optionally(stage Stage) string {
	if stage.Optional {
		return " (optional)"
	}
	return ""
}

// lastAddress is where the version is that a run has shipped, or its last beta was; empty where that does not count.
func lastAddress(report Report) string {
	switch {
	case report.Result == Waiting:
		return report.LastAddress()
	case report.Result != Passed || len(report.Addresses) == 0:
		return ""
	}
	return report.Addresses[len(report.Addresses)-1].URL
}

// special escapes characters that mean something in Markdown or HTML.
var special = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "|", `\|`, "@", "&#64;", "#", `\#`)

func escape(text string) string { return special.Replace(text) }

func cell(text string) string { return escape(truncate(inline(text), 200)) }

func code(text string) string { return "`" + strings.ReplaceAll(inline(text), "`", "'") + "`" }

// fenced returns lines as a code block whose fence is longer than any in them.
func fenced(lines []string) string {
	fence := "```"
	text := make([]string, len(lines))
	for i, line := range lines {
		text[i] = clean(line)
		for strings.Contains(text[i], fence) {
			fence += "`"
		}
	}
	return fence + "\n" + strings.Join(text, "\n") + "\n" + fence
}
