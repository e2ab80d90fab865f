package report

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// row is a stage's bar of the page's timeline.
type row struct {
	Stage Stage
	Bar   template.CSS
	Tone  string // the bar's colour, where the stage did not pass
	Said  string // what came of it
	Below []objectRow
	Late  int // objects, of those Below, that are not ready
	Open  bool
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

// timeline returns the bars of a run's stages and of their objects, and its time scale.
func timeline(report Report) (began time.Time, rows []row, scale []tick) {
	end := report.Seconds
	if len(report.Stages) > 0 {
		began = report.Stages[0].Start
		last := report.Stages[len(report.Stages)-1]
		end = max(end, last.Start.Sub(began).Seconds()+last.Seconds)
	}
	for _, stage := range report.Stages {
		rows = append(rows, rowOf(stage, began, end))
	}
	return began, rows, ticks(end)
}

func rowOf(stage Stage, began time.Time, total float64) row {
	out := row{Stage: stage, Bar: bar(stage.Start.Sub(began).Seconds(), stage.Seconds, total), Said: outcome(stage)}
	switch stage.Result {
	case Failed: // the page shows why above the timeline
		out.Tone, out.Said = "bad", ""
	case Skipped:
		out.Tone = "none"
	case Interrupted:
		out.Tone, out.Said = "warn", inline(stage.Cause)
	case Superseded:
		out.Tone = "warn"
	}
	for _, object := range stage.Objects {
		out.Below = append(out.Below, objectRow{object, bar(object.Start.Sub(began).Seconds(), object.Seconds, total)})
		if !object.Ready {
			out.Late++
		}
	}
	out.Open = out.Late > 0 || len(out.Below) <= few
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
	const widest = 0.95 // of the whole: a text further right does not fit
	var out []tick
	for _, step := range []float64{0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600} {
		if total/step > 8 {
			continue
		}
		for at := 0.0; at <= widest*total; at += step {
			out = append(out, tick{strings.Replace(elapsed(at), ".0s", "s", 1), template.CSS(fmt.Sprintf("left:%.2f%%", 100*at/total))})
		}
		break
	}
	return out
}
