package diff

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// textLine is one line of a state as it is written down. That is YAML's form by a
// hand of our own, for two reasons: each line must know where it stands, and a text
// of several lines must be written line by line whatever is in it, which YAML
// allows only where there are no tabs, and no blanks in certain places.
type textLine struct {
	path   Path // of the value that it writes
	within Path // what it stands in
	indent int  // columns
	is     string
	shown  string
	hidden bool // something of it
}

// key tells lines apart: one is never taken for an equal one of another place, but
// for the places in a list, which change when an item comes or goes.
func (l textLine) key() string { return places.ReplaceAllString(l.within.String(), "[]") + "\n" + l.is }

var places = regexp.MustCompile(`\[[0-9]+\]`)

// leading returns the line with what stands before the value that it writes.
func (l textLine) leading(lead string, within Path, indent int) textLine {
	l.within, l.indent, l.is, l.shown = within, indent, lead+" "+l.is, lead+" "+l.shown
	return l
}

// writer writes a state as lines.
type writer struct{ hide Hide }

// value writes what a map or a list holds.
func (w writer) value(value any, at Path, indent int) []textLine {
	var out []textLine
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.SortedFunc(maps.Keys(value), nameFirst) {
			out = append(out, w.entry(value[key], key, at, indent)...)
		}
	case []any:
		_, apart := named(value)
		for i, item := range value {
			below := at.index(i)
			if apart {
				below = at.named(item.(map[string]any)["name"].(string))
			}
			out = append(out, w.item(item, below, at, indent)...)
		}
	}
	return out
}

// nameFirst sorts keys as people write them.
func nameFirst(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "name":
		return -1
	case b == "name":
		return 1
	}
	return cmp.Compare(a, b)
}

// entry writes a key and what it leads to, behind it or below it.
func (w writer) entry(value any, key string, within Path, indent int) []textLine {
	at, lead := within.key(key), quoted(key)+":"
	if holds(value) {
		first := textLine{path: at, within: within, indent: indent, is: lead, shown: lead}
		return append([]textLine{first}, w.value(value, at, indent+2)...)
	}
	out := w.scalar(value, at, indent+2)
	out[0] = out[0].leading(lead, within, indent)
	return out
}

// item writes an item of a list: what it holds begins behind the dash.
func (w writer) item(value any, at, within Path, indent int) []textLine {
	var out []textLine
	if holds(value) {
		out = w.value(value, at, indent+2)
	} else {
		out = w.scalar(value, at, indent+2)
	}
	out[0] = out[0].leading("-", within, indent)
	return out
}

// holds reports whether a value has lines of its own.
func holds(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) > 0
	case []any:
		return len(value) > 0
	}
	return false
}

// scalar writes a value that holds no other, in one line or as a block.
func (w writer) scalar(value any, at Path, indent int) []textLine {
	line := textLine{path: at, within: at, indent: indent}
	text, written := plain(value)
	seen := w.hide(at, text)
	switch {
	case strings.Contains(text, "\n"):
		return w.block(text, seen, line)
	case seen != text && seen == Hidden:
		line.is, line.shown, line.hidden = written, Hidden, true
	case seen != text:
		line.is, line.shown, line.hidden = written, quoted(seen), true
	default:
		line.is, line.shown = written, written
	}
	return []textLine{line}
}

// block writes a text line by line, or hidden as a whole where what is hidden goes
// beyond a line.
func (w writer) block(text, seen string, like textLine) []textLine {
	head := like
	head.is = ending(text)
	head.shown = head.is
	out, shown := []textLine{head}, []string{}
	for one := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		line := like
		line.is = one
		may := w.hide(like.path, one)
		line.shown, line.hidden = visible(may), may != one
		out, shown = append(out, line), append(shown, may)
	}
	if strings.TrimSuffix(seen, "\n") == strings.Join(shown, "\n") {
		return out
	}
	like.is, like.shown, like.hidden = strconv.Quote(text), Hidden, true
	return []textLine{like}
}

// ending begins a block and tells, as in YAML, whether its last line has an end.
func ending(text string) string {
	switch {
	case !strings.HasSuffix(text, "\n"):
		return "|-"
	case strings.HasSuffix(text, "\n\n"):
		return "|+"
	}
	return "|"
}
