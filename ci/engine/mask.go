package engine

import (
	"slices"
	"strings"
)

// leastSecret is how long a line of a secret is that is masked: less is found everywhere, and is no secret.
const leastSecret = 4

// Mask keeps a secret out of the log from now on. The engine masks those of commands itself, but not what a module's functions
// print, nor their errors.
func (l *Log) Mask(secret string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for line := range strings.Lines(secret) { // before each of which the log has a mark of its own
		if line = strings.TrimSpace(line); len(line) >= leastSecret {
			l.masked = append(l.masked, line)
		}
	}
	slices.SortFunc(l.masked, func(a, b string) int { return len(b) - len(a) }) // one may begin with another
	var replaced []string
	for _, line := range l.masked {
		replaced = append(replaced, line, "***")
	}
	l.mask = strings.NewReplacer(replaced...)
}

// Masked is a text without those secrets.
func (l *Log) Masked(text string) string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.without(text)
}

func (l *Log) without(text string) string {
	if l.mask == nil {
		return text
	}
	return l.mask.Replace(text)
}

// whole is what can be written of the log so far: a secret may be in two halves, of which the second is still to come.
func (l *Log) whole(text []byte) []byte {
	if l.mask == nil {
		return text
	}
	l.partial = append(l.partial, text...)
	end := strings.LastIndexByte(string(l.partial), '\n') + 1
	lines := l.without(string(l.partial[:end]))
	l.partial = append([]byte(nil), l.partial[end:]...)
	return []byte(lines)
}

// rest is the line that was begun.
func (l *Log) rest() []byte {
	line := l.without(string(l.partial))
	l.partial = nil
	return []byte(line)
}
