package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// plain prints lines that begin with their stage, for logs.
type plain struct {
	out  io.Writer
	fold folding

	mutex  sync.Mutex
	folder string
	notes  map[string]string
}

func (p *plain) Begin(run Header) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.folder, p.notes = run.Report, map[string]string{}
	p.print(headline(run))
}

// headline is the first line of a run.
func headline(run Header) string {
	text := "run " + run.Run
	for _, part := range []struct{ name, value string }{{"version", run.Version}, {"commit", run.Commit}, {"image", run.Image}, {"cluster", run.Cluster}, {"as", run.As}} {
		if part.value != "" {
			text += ", " + part.name + " " + part.value
		}
	}
	return text
}

func (p *plain) StageStarted(name string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.print(p.fold.open(name) + name + ": started")
}

func (p *plain) Note(stage, text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if text = inline(text); p.notes[stage] != text {
		p.notes[stage] = text
		p.print(stage + ": " + text)
	}
}

func (p *plain) StageEnded(stage Stage, logTail []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	text := stage.Name + ": " + string(stage.Result)
	if stage.Result != Skipped {
		text = p.fold.close(stage.Name) + text + " in " + elapsed(stage.Seconds)
	}
	if said := outcome(stage); said != "" {
		text += ": " + said
	}
	lines := []string{text}
	if stage.Result == Failed {
		for _, line := range why(stage, logTail) {
			lines = append(lines, stage.Name+": "+line)
		}
		lines = append(lines, p.fold.fail(stage)...)
	}
	p.print(lines...)
}

func (p *plain) End(report Report) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.print(append(report.Receipt.lines(), verdict(report, p.folder))...)
}

// print ignores errors as fmt.Print's callers do: a run goes on when nobody reads it.
func (p *plain) print(lines ...string) {
	fmt.Fprintln(p.out, strings.Join(lines, "\n"))
}
