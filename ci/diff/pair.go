package diff

import "slices"

// signed is a line and what becomes of it.
type signed struct {
	textLine
	sign Sign
}

func sign(sign Sign, lines []textLine) []signed {
	out := make([]signed, len(lines))
	for i, line := range lines {
		out[i] = signed{line, sign}
	}
	return out
}

// pair puts what goes and what comes in its place beside each other where both write
// the same value, so that of several values in a row each is read at once.
func pair(was, is []textLine) []signed {
	var out []signed
	for len(was) > 0 {
		goes := ofFirst(was)
		found := slices.IndexFunc(is, was[0].sameValue)
		if found < 0 {
			out = append(out, sign(Removed, was[:goes])...)
			was = was[goes:]
			continue
		}
		comes := found + ofFirst(is[found:])
		out = append(out, sign(Added, is[:found])...)
		out = append(out, sign(Removed, was[:goes])...)
		out = append(out, sign(Added, is[found:comes])...)
		was, is = was[goes:], is[comes:]
	}
	return append(out, sign(Added, is)...)
}

func (l textLine) sameValue(other textLine) bool { return l.path.String() == other.path.String() }

// ofFirst counts the lines that write the first one's value.
func ofFirst(lines []textLine) int {
	for i, line := range lines {
		if !line.sameValue(lines[0]) {
			return i
		}
	}
	return len(lines)
}
