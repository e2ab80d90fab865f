package pipeline

import (
	"io"
	"sync"
)

// EngineLog writes the engine's output to the log of the running stage and drops
// what comes before the first stage.
type EngineLog struct {
	mutex sync.Mutex
	to    io.Writer
}

// Write never fails: a log that cannot be written must not stop a run.
func (l *EngineLog) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.to != nil {
		_, _ = l.to.Write(text)
	}
	return len(text), nil
}

func (l *EngineLog) switchTo(to io.Writer) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.to = to
}
