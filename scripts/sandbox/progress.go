package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells on standard error what is being done, how far it is, and what
// each part cost.
type progress struct {
	out   io.Writer
	start time.Time
	mu    sync.Mutex
	total int
	done  int
	costs []cost
}

type cost struct {
	part    string
	seconds float64
}

func newProgress(out io.Writer) *progress { return &progress{out: out, start: time.Now()} }

// Say prints one line.
func (p *progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "sandbox: "+format+"\n", args...)
}

// Part says that a part is begun and repeats it every ten seconds until the
// function it returns is called.
func (p *progress) Part(name string) (end func()) {
	start := time.Now()
	p.Say("building %s (%d of %d done, %s so far)", name, p.count(0), p.total, p.soFar())
	ticker := time.NewTicker(10 * time.Second)
	stopped := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				p.Say("still building %s, %.0fs (%d of %d done, %s so far)", name, time.Since(start).Seconds(), p.count(0), p.total, p.soFar())
			case <-stopped:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(stopped)
		p.mu.Lock()
		p.costs = append(p.costs, cost{name, time.Since(start).Seconds()})
		p.mu.Unlock()
		p.count(1)
	}
}

// Costs prints what each part took.
func (p *progress) Costs() {
	for _, c := range p.costs {
		p.Say("%-28s %6.1fs", c.part, c.seconds)
	}
	p.Say("built %d parts in %s", len(p.costs), p.soFar())
}

func (p *progress) count(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	return p.done
}

func (p *progress) soFar() time.Duration { return time.Since(p.start).Round(time.Second) }
