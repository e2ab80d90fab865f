package report

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// events prints one JSON object for each event, for programs.
type events struct {
	mutex sync.Mutex
	out   io.Writer
}

// event has the fields that its kind needs and no others.
type event struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"` // begin, started, note, ended, end
	Run     *Header   `json:"run,omitempty"`
	Stage   string    `json:"stage,omitempty"`
	Text    string    `json:"text,omitempty"`
	Outcome *Stage    `json:"outcome,omitempty"`
	Log     []string  `json:"log,omitempty"`
	Report  *Report   `json:"report,omitempty"`
}

func (e *events) Begin(run Header)         { e.print(event{Event: "begin", Run: &run}) }
func (e *events) StageStarted(name string) { e.print(event{Event: "started", Stage: name}) }
func (e *events) Note(stage, text string) {
	e.print(event{Event: "note", Stage: stage, Text: inline(text)})
}

func (e *events) End(report Report) {
	report = report.withLists()
	e.print(event{Event: "end", Report: &report})
}

func (e *events) StageEnded(stage Stage, logTail []string) {
	if stage.Result != Failed {
		logTail = nil
	}
	e.print(event{Event: "ended", Stage: stage.Name, Outcome: &stage, Log: logTail})
}

func (e *events) print(event event) {
	event.Time = time.Now().UTC()
	e.mutex.Lock()
	defer e.mutex.Unlock()
	_ = json.NewEncoder(e.out).Encode(event) // a run goes on when nobody reads it
}
