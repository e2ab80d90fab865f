package report

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/slipway-cd/slipway/ci/history"
)

// The size of a chart, in the units of delivery.html.
const (
	chartWidth, chartHeight = 240.0, 60.0
	barWidth                = 0.7 // of its month's place
)

// chart is one of DORA's four keys.
type chart struct {
	Title  string
	Now    string // of the newest month
	Spoken string // all months, for who cannot see them
	Bars   []column
	Labels []label
}

type column struct {
	X, Y, Width, Height string
	Bad                 bool // it counts failures
	Text                string
}

type label struct{ X, Text string }

// key is what a chart shows of a month; known is false where there is nothing of it.
type key struct {
	title string
	value func(history.Month) (value float64, known bool)
	text  func(history.Month) string
	bad   bool
}

var keys = []key{
	{"Deployment frequency", func(m history.Month) (float64, bool) { return float64(m.Deployments), m.Deployments > 0 }, Frequency, false},
	{"Lead time for changes", func(m history.Month) (float64, bool) { return pointed(m.LeadSeconds) }, func(m history.Month) string { return Took(m.LeadSeconds) }, false},
	{"Change failure rate", func(m history.Month) (float64, bool) { return pointed(m.FailureRate) }, Rate, true},
	{"Recovery time", func(m history.Month) (float64, bool) { return pointed(m.RecoverySeconds) }, func(m history.Month) string { return Took(m.RecoverySeconds) }, true},
}

// chartsOf draws the months; nothing where there are none.
func chartsOf(months []history.Month) (out []chart) {
	if len(months) == 0 {
		return nil
	}
	place := chartWidth / float64(max(6, len(months)))
	for _, k := range keys {
		c, most := chart{Title: k.title, Now: k.text(months[len(months)-1])}, 0.0
		for _, m := range months {
			value, _ := k.value(m)
			most = max(most, value)
		}
		var spoken []string
		for i, m := range months {
			middle := place * (float64(i) + 0.5)
			text := monthName(m) + ": " + k.text(m)
			spoken = append(spoken, text)
			c.Labels = append(c.Labels, label{number(middle), monthName(m)[:3]})
			value, known := k.value(m)
			if !known {
				continue
			}
			height := 2.0 // what is there and is none can be seen, too
			if most > 0 {
				height = max(height, (chartHeight-6)*value/most)
			}
			c.Bars = append(c.Bars, column{number(middle - place*barWidth/2), number(chartHeight - height), number(place * barWidth), number(height), k.bad && value > 0, text})
		}
		c.Spoken = strings.Join(spoken, "; ")
		out = append(out, c)
	}
	return out
}

func pointed(value *float64) (float64, bool) {
	if value == nil {
		return 0, false
	}
	return *value, true
}

func number(value float64) string { return fmt.Sprintf("%.1f", value) }

func monthName(m history.Month) string {
	at, err := time.Parse("2006-01", m.Month)
	if err != nil {
		return "   " + m.Month
	}
	return at.Format("Jan 2006")
}

// Frequency says how often there was a deployment, in the unit that fits.
func Frequency(m history.Month) string {
	if m.Deployments == 0 {
		return "none"
	}
	text := fmt.Sprintf("%d, %.1f a day", m.Deployments, m.PerDay)
	if m.PerDay < 1 {
		text = fmt.Sprintf("%d, %.1f a week", m.Deployments, 7*m.PerDay)
	}
	return text
}

// Rate is how many deployments of a month failed.
func Rate(m history.Month) string {
	if m.FailureRate == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f%% (%d of %d)", 100**m.FailureRate, m.Failures, m.Deployments)
}

// Took is a median; - where there is none.
func Took(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	return duration.HumanDuration(time.Duration(*seconds * float64(time.Second)))
}
