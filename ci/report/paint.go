package report

// Heading returns text as a heading.
func (s Screen) Heading(text string) string { return s.paint(bold, text) }

// Place returns text as the line of a diff that says where a change is, coloured as git does.
func (s Screen) Place(text string) string { return s.paint(cyan, text) }

// Added returns text as an added line of a diff.
func (s Screen) Added(text string) string { return s.paint(green, text) }

// Removed returns text as a removed line of a diff.
func (s Screen) Removed(text string) string { return s.paint(red, text) }

// Good returns text in the colour of good news.
func (s Screen) Good(text string) string { return s.paint(green, text) }

// Bad returns text in the colour of a failure.
func (s Screen) Bad(text string) string { return s.paint(red, text) }

// Attention returns text in the colour of a warning.
func (s Screen) Attention(text string) string { return s.paint(yellow, text) }

// paint returns text in a colour (ECMA-48 SGR) if the screen has colours.
func (s Screen) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// mark returns the sign and the colour of a result.
func mark(result Result) (sign, color string) {
	switch result {
	case Passed:
		return "✓", green
	case Skipped:
		return "-", dim
	case Interrupted, Superseded, Waiting:
		return "!", yellow
	}
	return "✗", red
}
