package engine

import (
	"slices"
	"strings"
)

// FailedLines picks the lines that say which tests failed, and why.
func FailedLines(output string) []string {
	var failed, why []string
	for _, line := range LastLines(output, 1000) {
		switch {
		case strings.Contains(line, "--- FAIL"):
			failed = append(failed, line)
		case strings.Contains(line, "--- PASS") || strings.Contains(line, "=== RUN"):
		case strings.Contains(line, "Error") || strings.Contains(line, "expected") || strings.Contains(line, "actual"):
			if !slices.Contains(why, line) { // one assertion that fails in many tests
				why = append(why, line)
			}
		}
	}
	if len(failed)+len(why) == 0 {
		return LastLines(output, 10)
	}
	return append(failed[:min(len(failed), 10)], why[:min(len(why), 15)]...)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// LastLines returns the last lines of a text that are not empty, at most count.
func LastLines(text string, count int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-count):]
}
