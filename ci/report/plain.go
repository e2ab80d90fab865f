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
	for _, part := range []struct{ name, value string }{{"version", run.Version}, {"commit", run.Commit}, {"image", run.Image}, {"cluster", run.Cluster}, {"as", run.As}, {"in production as", run.ProductionAs}} {
		if part.value != "" {
			text += ", " + part.name + " " + part.value
		}
	}
	return text
}

func (p *plain) StageStarted(name string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.command(p.fold.open(name))
	p.print(name + ": started")
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
		p.command(p.fold.close(stage.Name))
		text += " in " + elapsed(stage.Seconds)
	}
	if said := outcome(stage); said != "" {
		text += ": " + said
	}
	p.print(text)
	if stage.Result != Failed {
		return
	}
	for _, line := range why(stage, logTail) {
		p.print(stage.Name + ": " + line)
	}
	for _, line := range p.fold.fail(stage) {
		p.command(line + "\n")
	}
}

func (p *plain) End(report Report) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.print(append(report.last(), verdict(report, p.folder))...)
}

// print ignores errors as fmt.Print's callers do: a run goes on when nobody reads it.
func (p *plain) print(lines ...string) {
	fmt.Fprintln(p.out, p.fold.guard(strings.Join(lines, "\n")))
}

// command prints what is meant for the vendor.
func (p *plain) command(text string) { fmt.Fprint(p.out, text) }
