// Package diff tells how two states of an object differ: value by value for
// programs, and in YAML-like lines, as git shows a file, for people.
//
// It knows JSON values and no cluster. What must not be seen is hidden from both
// forms, which still tell that it differs: states are compared as they are and
// hidden only when they are written down.
package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Hide returns what may be seen of a value that stands at a path: its text, or
// Hidden in the place of some or all of it.
type Hide func(at Path, text string) string

// Hidden stands for what must not be seen.
const Hidden = "***"

// Of two values that differ and look the same when hidden, one is marked as the
// former and one as the later, as kubectl diff marks them.
const (
	former = " (before)"
	later  = " (after)"
)

// Path leads to a value: ".spec", ".containers", `[name="api"]`, ".image".
type Path []string

// String writes the path as the API server writes fields in its messages, keys
// that need it in brackets.
func (p Path) String() string { return strings.Join(p, "") }

// key leads to the value of a map's key.
func (p Path) key(key string) Path {
	if plainKey(key) {
		return p.then("." + key)
	}
	return p.then(fmt.Sprintf("[%q]", key))
}

// named leads to the item of a list that has the name.
func (p Path) named(name string) Path { return p.then(fmt.Sprintf("[name=%q]", name)) }

// index leads to the item of a list whose items have no names.
func (p Path) index(i int) Path { return p.then("[" + strconv.Itoa(i) + "]") }

// then never writes into the memory of another path that begins the same.
func (p Path) then(step string) Path { return append(p[:len(p):len(p)], step) }

func plainKey(key string) bool {
	for _, r := range key {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-') {
			return false
		}
	}
	return key != ""
}

// below reports whether p is the other path or leads on from it.
func (p Path) below(other Path) bool {
	return len(p) >= len(other) && slices.Equal(p[:len(other)], other)
}
