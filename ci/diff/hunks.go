package diff

import (
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// contextLines are shown around what differs, as many as git shows.
const contextLines = 3

// longest is what is shown of a line, in characters: an encoded file is one line.
const longest = 400

// Sign says what becomes of a line.
type Sign byte

// The signs of a unified diff.
const (
	Stays   Sign = ' '
	Removed Sign = '-'
	Added   Sign = '+'
)

// Line is a line of a hunk, without its sign.
type Line struct {
	Sign Sign
	Text string
}

// Hunk is what differs in one place.
type Hunk struct {
	Path  string // what all of it stands in; empty for the object itself
	Lines []Line
}

// Hunks returns where two states differ, each place with what stands around it.
func Hunks(before, after map[string]any, hide Hide) []Hunk {
	w := writer{hide: hide}
	was, is := w.value(before, nil, 0), w.value(after, nil, 0)
	var out []Hunk
	for _, group := range difflib.NewMatcher(keys(was), keys(is)).GetGroupedOpCodes(contextLines) {
		var lines []signed
		for _, step := range group {
			if step.Tag == 'e' {
				lines = append(lines, sign(Stays, is[step.J1:step.J2])...)
				continue
			}
			lines = append(lines, pair(was[step.I1:step.I2], is[step.J1:step.J2])...)
		}
		markHidden(lines)
		for _, part := range divided(lines) {
			out = append(out, hunk(part))
		}
	}
	return out
}

func keys(lines []textLine) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = line.key()
	}
	return out
}

// divided cuts lines where one differs that does not stand in what the first one
// stands in: each part has a place to name.
func divided(lines []signed) [][]signed {
	var out [][]signed
	var within Path
	begin, last := 0, -1
	for i, line := range lines {
		switch {
		case line.sign == Stays:
			continue
		case last < 0:
			within = line.within
		case !line.within.below(within):
			out = append(out, lines[begin:i])
			begin, within = last+1, line.within
		}
		last = i
	}
	if last < 0 { // of equal states difflib makes a group all the same
		return nil
	}
	return append(out, lines[begin:])
}

// hunk says once where all that differs stands, and keeps of the lines around it
// those that stand there, too: none of something that begins further above.
func hunk(lines []signed) Hunk {
	first := slices.IndexFunc(lines, func(line signed) bool { return line.sign != Stays })
	within := lines[first].within
	out := Hunk{Path: within.String()}
	indent := lines[first].indent
	for i, line := range lines {
		if !line.within.below(within) || i < first && len(out.Lines) == 0 && len(line.within) > len(within) {
			continue
		}
		out.Lines = append(out.Lines, Line{line.sign, strings.Repeat(" ", line.indent-indent) + cut(line.shown)})
	}
	return out
}

// markHidden tells values apart that look the same when hidden.
func markHidden(lines []signed) {
	removed := map[string]*signed{}
	for i := range lines {
		line := &lines[i]
		look := line.path.String() + "\n" + line.shown
		switch before := removed[look]; {
		case !line.hidden:
		case line.sign == Removed:
			removed[look] = line
		case line.sign == Added && before != nil:
			delete(removed, look)
			before.shown += former
			line.shown += later
		}
	}
}

// cut ends a line that is too long to be read.
func cut(text string) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
