package report

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// live keeps one line for each running stage at the bottom of a terminal and redraws it as time passes. Stages that have ended
// are above it, as lines that scroll.
type live struct {
	screen Screen

	mutex   sync.Mutex
	width   int // of the stages' names
	folder  string
	running []*activity
	drawn   int // live lines on the screen now
	stop    chan struct{}
	stopped sync.WaitGroup
}

type activity struct {
	stage string
	note  string
	start time.Time
}

// redrawEvery is as often as a person can follow tenths of a second.
const redrawEvery = 100 * time.Millisecond

// nameWidth holds the longest of the names that every run has.
const nameWidth = 11

func (l *live) Begin(run Header) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.folder, l.stop, l.width = run.Report, make(chan struct{}), nameWidth
	for _, name := range run.Stages {
		l.width = max(l.width, len(name))
	}
	l.draw(l.screen.paint(bold, truncate(headline(run), l.columns())))
	l.stopped.Go(l.tick)
}

func (l *live) tick() {
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.mutex.Lock()
			if len(l.running) > 0 {
				l.draw()
			}
			l.mutex.Unlock()
		}
	}
}

func (l *live) StageStarted(name string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.running = append(l.running, &activity{stage: name, start: time.Now()})
	l.draw()
}

// Note is drawn with the next tick, however many come.
func (l *live) Note(stage, text string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, activity := range l.running {
		if activity.stage == stage {
			activity.note = inline(text)
		}
	}
}

func (l *live) StageEnded(stage Stage, logTail []string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.running = slices.DeleteFunc(l.running, func(a *activity) bool { return a.stage == stage.Name })
	sign, color := mark(stage.Result)
	last := l.line(sign, stage.Name, stage.Seconds, outcome(stage))
	if stage.Result != Failed { // an error is read to its end, whatever the width
		last = truncate(last, l.columns())
	}
	lines := []string{l.screen.paint(color, sign) + strings.TrimPrefix(last, sign)}
	if stage.Result == Failed {
		for _, line := range why(stage, logTail) {
			if strings.HasPrefix(line, "  |") {
				line = l.screen.paint(dim, truncate(line, l.columns()-2))
			}
			lines = append(lines, "  "+line)
		}
	}
	l.draw(lines...)
}

// End may come while stages are still running, when a run is cut short; it removes their lines.
func (l *live) End(report Report) {
	close(l.stop)
	l.stopped.Wait()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.running = nil
	_, color := mark(report.Result)
	result, rest, _ := strings.Cut(verdict(report, l.folder), ":")
	l.draw(append(report.last(), l.screen.paint(color, result)+":"+rest)...)
}

// line returns the line of a stage: mark, name, time, text.
func (l *live) line(sign, name string, seconds float64, text string) string {
	return strings.TrimRight(fmt.Sprintf("%s %-*s %6s  %s", sign, l.width, name, elapsed(seconds), text), " ")
}

// columns leaves the last one free, since some terminals wrap when it is written.
func (l *live) columns() int {
	width := widthUnknown
	if l.screen.Width != nil {
		width = l.screen.Width()
	}
	return max(20, width-1)
}

// draw prints lines that stay and redraws the live lines below them, in one write so that nothing flickers.
func (l *live) draw(lines ...string) {
	var text strings.Builder
	if l.drawn > 0 {
		// Cursor up to the first live line, then erase to the end of the screen (ECMA-48 CUU, ED).
		fmt.Fprintf(&text, "\x1b[%dA\x1b[J", l.drawn)
	}
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	for _, activity := range l.running {
		line := l.line("•", activity.stage, Seconds(time.Since(activity.start)), activity.note)
		text.WriteString(truncate(line, l.columns()) + "\n")
	}
	l.drawn = len(l.running)
	fmt.Fprint(l.screen.Out, text.String())
}
