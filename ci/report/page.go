package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"elapsed": elapsed,
	"mark":    func(result Result) string { sign, _ := mark(result); return sign },
	"outcome": outcome,
	"inline":  inline,
	"short":   func(digest string) string { return truncate(strings.TrimPrefix(digest, "sha256:"), 13) },
	"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"clean":   clean,
	"objects": func(n int) string {
		if n == 1 {
			return "1 object"
		}
		return fmt.Sprintf("%d objects", n)
	},
}).Parse(pageText))

// page is what report.html shows.
type page struct {
	Report
	Began   time.Time
	Address string // where production is, of a run that passed
	Rows    []row
	Ticks   []tick
	Failed  []Stage
	Written []Change // to production
	Kept    int      // objects of production that were as wanted
	Beta    int      // changes elsewhere
	Tests   []testGroup
	Own     float64 // seconds that neither the engine nor a wait took
}

// row is a bar of the timeline.
type row struct {
	Stage Stage
	Bar   template.CSS
	Below []objectRow
	Late  int // objects, of those Below, that are not ready
}

type objectRow struct {
	Object Object
	Bar    template.CSS
}

// tick is a mark on the timeline's scale.
type tick struct {
	Text string
	At   template.CSS
}

// testGroup is one execution of a suite.
type testGroup struct {
	Stage, At string
	Tests     []Test
	Failed    int
}

// pageOf returns report.html: one file that needs no other, no network and no script.
func pageOf(report Report) ([]byte, error) {
	var out bytes.Buffer
	err := pageTemplate.Execute(&out, newPage(report))
	return out.Bytes(), err
}

func newPage(report Report) page {
	p := page{Report: report, Own: max(0, report.Seconds-report.EngineSeconds-report.WaitSeconds)}
	if report.Result == Passed {
		p.Address = lastAddress(report)
	}
	end := report.Seconds
	if len(report.Stages) > 0 {
		p.Began = report.Stages[0].Start
		last := report.Stages[len(report.Stages)-1]
		end = max(end, last.Start.Sub(p.Began).Seconds()+last.Seconds)
	}
	for _, stage := range report.Stages {
		p.Rows = append(p.Rows, rowOf(stage, p.Began, end))
		if stage.Result == Failed {
			p.Failed = append(p.Failed, stage)
		}
		p.Tests = append(p.Tests, groups(stage)...)
	}
	for _, change := range report.Changes {
		switch {
		case change.Namespace != report.Namespace && change.Namespace != "":
			p.Beta++
		case change.Action == Unchanged:
			p.Kept++
		default:
			p.Written = append(p.Written, change)
		}
	}
	p.Ticks = ticks(end)
	return p
}

func rowOf(stage Stage, began time.Time, total float64) row {
	out := row{Stage: stage, Bar: bar(stage.Start.Sub(began).Seconds(), stage.Seconds, total)}
	for _, object := range stage.Objects {
		out.Below = append(out.Below, objectRow{object, bar(object.Start.Sub(began).Seconds(), object.Seconds, total)})
		if !object.Ready {
			out.Late++
		}
	}
	return out
}

// bar places a span of seconds on the timeline; even a short one can be seen.
func bar(from, seconds, total float64) template.CSS {
	const least = 0.4 // percent
	if total <= 0 {
		return ""
	}
	left := min(max(0, 100*from/total), 100-least)
	width := min(max(least, 100*seconds/total), 100-left)
	return template.CSS(fmt.Sprintf("left:%.2f%%;width:%.2f%%", left, width))
}

// ticks divides the timeline at round numbers of seconds, into at most eight.
func ticks(total float64) []tick {
	var out []tick
	for _, step := range []float64{0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600} {
		if total/step > 8 {
			continue
		}
		for at := 0.0; at < total; at += step {
			out = append(out, tick{strings.Replace(elapsed(at), ".0s", "s", 1), template.CSS(fmt.Sprintf("left:%.2f%%", 100*at/total))})
		}
		break
	}
	return out
}

// groups tells the tests of a stage apart by where they ran.
func groups(stage Stage) []testGroup {
	var out []testGroup
	for _, test := range stage.Tests {
		if len(out) == 0 || out[len(out)-1].At != test.At {
			out = append(out, testGroup{Stage: stage.Name, At: test.At})
		}
		group := &out[len(out)-1]
		group.Tests = append(group.Tests, test)
		if test.Result == Failed {
			group.Failed++
		}
	}
	return out
}
