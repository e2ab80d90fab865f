package engine

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Log writes the engine's output to the log of the running stage and drops
// what comes before the first stage.
type Log struct {
	mutex sync.Mutex
	to    io.Writer
	last  string // command that the engine began to run

	masked  []string          // secrets, line by line
	mask    *strings.Replacer // of those; nil: there are none
	partial []byte            // a line that was begun, where something is masked
}

// begun finds commands in the engine's output, which may be coloured.
var begun = regexp.MustCompile(`[^.]withExec(?:\x1b\[[0-9;]*m)* ([^\n]+)`)

// paint are the escape sequences of colours.
var paint = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Write never fails: a log that cannot be written must not stop a run.
func (l *Log) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	lines := l.whole(text)
	if l.to != nil {
		_, _ = l.to.Write(lines)
	}
	if found := begun.FindAllSubmatch(lines, -1); len(found) > 0 {
		l.last = string(paint.ReplaceAll(found[len(found)-1][1], nil))
	}
	return len(text), nil
}

// command returns the one that the engine began to run last, empty if it has not yet.
func (l *Log) command() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.last
}

// SwitchTo has the output go to the log of a stage.
func (l *Log) SwitchTo(to io.Writer) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if rest := l.rest(); l.to != nil && len(rest) > 0 {
		_, _ = l.to.Write(rest)
	}
	l.to = to
}

// patience is how long a build goes on before it is said what it is at.
const patience = 10 * time.Second

// TellCommands says again and again which command the engine began last, until what it
// returns is called: a build may take minutes.
func (l *Log) TellCommands(tell func(text string)) (stop func()) {
	begun, over := time.Now(), make(chan struct{})
	ticker := time.NewTicker(patience)
	var telling sync.WaitGroup
	telling.Go(func() {
		for {
			select {
			case <-ticker.C:
				text := fmt.Sprintf("for %s so far", time.Since(begun).Round(time.Second))
				if command := l.command(); command != "" {
					text += ", now: " + command
				}
				tell(text)
			case <-over:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(over)
		telling.Wait()
	}
}
