package report

import (
	"bytes"
	"time"

	"github.com/slipway-cd/slipway/ci/history"
)

// History is what the page of a namespace's deploys shows.
type History struct {
	Namespace string
	Time      time.Time
	Deploys   []history.Deploy // newest first
	Months    []history.Month  // newest last
}

// Page returns one file of HTML that needs no other, no network and no script.
func (h History) Page() ([]byte, error) {
	var out bytes.Buffer
	err := pageTemplate.ExecuteTemplate(&out, "history.html", h)
	return out.Bytes(), err
}

// tone is the look of a deploy's result: one of those that stages have.
func tone(d history.Deploy) Result {
	switch d.Result {
	case history.Released:
		return Passed
	case history.Stuck:
		return Failed
	case history.Undone:
		return Interrupted
	}
	return Skipped
}
