package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed page.html delivery.html history.html
var pages embed.FS

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"charts":      chartsOf,
	"tone":        tone,
	"elapsedLong": func(seconds float64) string { return Took(&seconds) },
	"elapsed":     elapsed,
	"brief":       brief,
	"mark":        func(result Result) string { sign, _ := mark(result); return sign },
	"inline":      inline,
	"quoted":      quoted,
	"utc":         func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"clean":       clean,
	"count": func(n int, of string) string {
		if n == 1 {
			return "1 " + of
		}
		return fmt.Sprintf("%d %ss", n, of)
	},
}).ParseFS(pages, "*.html"))

// few is the largest number of objects or tests that are shown without a click.
const few = 12

// page is what report.html shows.
type page struct {
	Report
	About   []string // image, branch, commit and who started the run
	Began   time.Time
	Address string // where production is, of a run that passed
	Back    string // to what production was put back
	Rows    []row
	Ticks   []tick
	Failed  []Stage
	Written []written // of production
	Kept    int       // objects of production that needed no change
	Beta    int       // changes elsewhere
	Tests   []testGroup
	Own     float64 // seconds spent neither in the engine nor waiting
}

// written is an object and what was done to it, in order: the run may have changed it
// and its undo restored it.
type written struct {
	Kind, Name  string
	Environment string
	Actions     []Action
}

// testGroup is one execution of a suite.
type testGroup struct {
	Stage, At string
	Tests     []Test
	Failed    int
	Open      bool
}

// pageOf returns report.html: one file that needs no other, no network and no script.
func pageOf(report Report) ([]byte, error) {
	var out bytes.Buffer
	err := pageTemplate.ExecuteTemplate(&out, "page.html", newPage(report))
	return out.Bytes(), err
}

func newPage(report Report) page {
	p := page{Report: report, About: about(report), Own: max(0, report.Seconds-report.EngineSeconds-report.WaitSeconds)}
	p.Address = lastAddress(report)
	p.Began, p.Rows, p.Ticks = timeline(report)
	for _, stage := range report.Stages {
		switch {
		case stage.Result == Failed:
			p.Failed = append(p.Failed, stage)
		case stage.Name == "undo", stage.Environment != "" && stage.Name == "undo-"+stage.Environment:
			p.Back = inline(stage.Detail)
		}
		p.Tests = append(p.Tests, groups(stage)...)
	}
	p.count(report)
	return p
}

func about(report Report) []string {
	facts := []string{report.Branch, report.Commit[:min(len(report.Commit), 8)], report.Actor}
	if report.Image != "" {
		facts = append([]string{path.Base(report.Image)}, facts...)
	}
	return slices.DeleteFunc(facts, func(fact string) bool { return fact == "" })
}

// count sorts the changes of a run by whether they were made in production.
func (p *page) count(report Report) {
	for _, change := range report.Changes {
		switch {
		case change.Environment == "" && change.Namespace != report.Namespace && change.Namespace != "":
			p.Beta++
		case change.Action == Unchanged:
			p.Kept++
		default:
			same := func(w written) bool {
				return w.Kind == change.Kind && w.Name == change.Name && w.Environment == change.Environment
			}
			if i := slices.IndexFunc(p.Written, same); i >= 0 {
				p.Written[i].Actions = append(p.Written[i].Actions, change.Action)
				continue
			}
			p.Written = append(p.Written, written{change.Kind, change.Name, change.Environment, []Action{change.Action}})
		}
	}
}

// groups groups the tests of a stage by the address that they tested.
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
		group.Open = group.Failed > 0 || len(group.Tests) <= few
	}
	return out
}

// quoted returns text as one line of HTML, with code for what is in backticks.
func quoted(text string) template.HTML {
	parts := strings.Split(inline(text), "`")
	if len(parts)%2 == 0 { // a backtick without its pair
		return template.HTML(template.HTMLEscapeString(inline(text)))
	}
	for i, part := range parts {
		parts[i] = template.HTMLEscapeString(part)
		if i%2 == 1 {
			parts[i] = "<code>" + parts[i] + "</code>"
		}
	}
	return template.HTML(strings.Join(parts, ""))
}

// brief is elapsed, but in milliseconds below a second and empty for zero.
func brief(seconds float64) string {
	switch {
	case seconds <= 0:
		return ""
	case seconds < 0.95:
		return fmt.Sprintf("%.0fms", 1000*seconds)
	}
	return elapsed(seconds)
}
