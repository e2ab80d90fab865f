// Package progress tells the user what is being done and how far it is. It knows
// names and times, and does not know what a part is or how it is made.
package progress

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Log tells what is being done, how far it is, and what each part cost: on
// a terminal in one line that is drawn anew, elsewhere in a line now and then.
type Log struct {
	out      io.Writer
	terminal bool
	start    time.Time
	mu       sync.Mutex
	total    int
	running  []timed // begun and not ended
	costs    []timed // ended; begun and took
	stop     chan struct{}
}

type timed struct {
	part  string
	begun time.Time
	took  time.Duration
}

// New is one that has told nothing yet.
func New(out io.Writer) *Log { return &Log{out: out, terminal: isTerminal(out), start: time.Now()} }

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb"
}

// Expect says how many more parts there will be.
func (p *Log) Expect(more int) { p.total += more }

// Say prints one line.
func (p *Log) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.say(format, args...)
}

func (p *Log) say(format string, args ...any) {
	line := "sandbox: " + fmt.Sprintf(format, args...) + "\n"
	if p.terminal {
		line = "\r\x1b[K" + line + p.live()
	}
	fmt.Fprint(p.out, line)
}

// live is the line that is drawn anew, without an end of line.
func (p *Log) live() string {
	if len(p.running) == 0 {
		return "\r\x1b[K"
	}
	return "\r\x1b[Ksandbox: " + p.now()
}

// now names what is running and for how long, and how far everything is.
func (p *Log) now() string {
	var parts []string
	for _, r := range p.running {
		parts = append(parts, fmt.Sprintf("%s %.0fs", r.part, time.Since(r.begun).Seconds()))
	}
	return fmt.Sprintf("building %s (%d of %d done, %s so far)", strings.Join(parts, ", "), len(p.costs), p.total, p.soFar())
}

// Part says that a part is begun; the function it returns, that it has ended.
func (p *Log) Part(name string) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.running) == 0 {
		p.stop = make(chan struct{})
		go p.repeat(p.stop)
	}
	p.running = append(p.running, timed{part: name, begun: time.Now()})
	p.tell()
	return func() { p.end(name) }
}

func (p *Log) end(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.running, func(r timed) bool { return r.part == name })
	ended := p.running[at]
	ended.took = time.Since(ended.begun)
	p.running, p.costs = slices.Delete(p.running, at, at+1), append(p.costs, ended)
	if len(p.running) == 0 {
		close(p.stop)
	}
	if p.terminal {
		fmt.Fprint(p.out, p.live())
	}
}

// tell prints what is running.
func (p *Log) tell() {
	if p.terminal {
		fmt.Fprint(p.out, p.live())
		return
	}
	p.say("%s", p.now())
}

func (p *Log) repeat(stop chan struct{}) {
	every := 10 * time.Second
	if p.terminal {
		every = time.Second
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			if len(p.running) > 0 {
				p.tell()
			}
			p.mu.Unlock()
		case <-stop:
			return
		}
	}
}

// Costs prints what each part took.
func (p *Log) Costs() {
	for _, c := range p.costs {
		p.Say("%-28s %6.1fs", c.part, c.took.Seconds())
	}
	p.Say("built %d parts in %s", len(p.costs), p.soFar())
}

func (p *Log) soFar() time.Duration { return time.Since(p.start).Round(time.Second) }
