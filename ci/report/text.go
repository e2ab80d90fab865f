package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// escapes are the terminal's control sequences (ECMA-48 CSI, OSC, and those of two characters).
var escapes = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[@-_]`)

// clean returns one line of foreign text so that it is safe to print: only what follows the last carriage return, without
// control characters, with blanks for tabs and without white space at the end.
func clean(line string) string {
	line = strings.TrimRight(escapes.ReplaceAllString(line, ""), "\r\n")
	line = line[strings.LastIndex(line, "\r")+1:]
	line = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, line)
	return strings.TrimRightFunc(line, unicode.IsSpace)
}

// inline returns text of any number of lines as one.
func inline(text string) string {
	return clean(strings.Join(strings.Fields(text), " "))
}

// elapsed writes a duration in at most six columns: 0.2s, 59.9s, 1m05s, 75m00s.
func elapsed(seconds float64) string {
	if seconds < 59.95 {
		return fmt.Sprintf("%.1fs", seconds)
	}
	whole := int(time.Duration(seconds * float64(time.Second)).Round(time.Second).Seconds())
	return fmt.Sprintf("%dm%02ds", whole/60, whole%60)
}

// truncate cuts text to width columns, the last an ellipsis where something is missing.
func truncate(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:max(0, width-1)]) + "…"
}

// verdict is the last line that a run prints.
func verdict(report Report, folder string) string {
	text := []string{string(report.Result) + ":"}
	add := func(format, value string) {
		if value != "" {
			text = append(text, fmt.Sprintf(format, value))
		}
	}
	add("version %s", report.Version)
	add("as %s", report.Digest)
	add("at %s", lastAddress(report))
	add("in %s", elapsed(report.Seconds))
	if report.Result != Passed {
		add("with exit code %s", fmt.Sprint(report.ExitCode))
	}
	switch {
	case report.Undo.Error != "":
		add("and not undone (%s)", inline(report.Undo.Error))
	case report.Undo.Done:
		add("and %s", "undone")
	}
	add("· report in %s", folder)
	return strings.Join(text, " ")
}

// why returns the lines that explain a stage that failed: the end of its log, the cause, what shows it, what to try.
func why(stage Stage, logTail []string) []string {
	var lines []string
	for _, line := range logTail {
		lines = append(lines, "  | "+clean(line))
	}
	if stage.Cause != "" {
		lines = append(lines, "cause: "+inline(stage.Cause))
	}
	for _, line := range stage.Evidence {
		lines = append(lines, "  - "+inline(line))
	}
	if stage.Try != "" {
		lines = append(lines, "try: "+inline(stage.Try))
	}
	return lines
}

// outcome is what a stage's last line says after its name and time.
func outcome(stage Stage) string {
	if stage.Result == Failed || stage.Result == Superseded {
		return inline(stage.Error)
	}
	return inline(stage.Detail)
}
