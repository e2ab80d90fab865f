package pipeline

import (
	"io"
	"regexp"
	"sync"
)

// EngineLog writes the engine's output to the log of the running stage and drops
// what comes before the first stage.
type EngineLog struct {
	mutex sync.Mutex
	to    io.Writer
	last  string // command that the engine began to run
}

// begun finds commands in the engine's output, which may be coloured.
var begun = regexp.MustCompile(`[^.]withExec(?:\x1b\[[0-9;]*m)* ([^\n]+)`)

// paint are the escape sequences of colours.
var paint = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Write never fails: a log that cannot be written must not stop a run.
func (l *EngineLog) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.to != nil {
		_, _ = l.to.Write(text)
	}
	if found := begun.FindAllSubmatch(text, -1); len(found) > 0 {
		l.last = string(paint.ReplaceAll(found[len(found)-1][1], nil))
	}
	return len(text), nil
}

// command returns the one that the engine began to run last, empty if it has not yet.
func (l *EngineLog) command() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.last
}

func (l *EngineLog) switchTo(to io.Writer) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.to = to
}
