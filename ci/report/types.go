// Package report shows a run on the terminal while it runs, and writes its reports to a folder when it has ended.
package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/history"
)

// Result is how a stage or a run ended.
type Result string

// Stages pass, fail or are skipped; runs pass, fail, are interrupted, superseded by a newer commit, or wait for an approval.
const (
	Passed      Result = "passed"
	Failed      Result = "failed"
	Skipped     Result = "skipped"
	Interrupted Result = "interrupted"
	Superseded  Result = "superseded"
	Waiting     Result = "waiting"
)

// Action is what happened to an object of the cluster.
type Action string

// The actions of a Change.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
	Restored   Action = "restored"
)

// Report is report.json. Scripts read it: fields may be added, none renamed.
type Report struct {
	Run       string    `json:"run"`
	Version   string    `json:"version"`
	Image     string    `json:"image"`
	Digest    string    `json:"digest"`
	Images    []Image   `json:"images,omitempty"` // all that the application has, the first of which is Image and Digest
	Commit    string    `json:"commit"`
	Vendor    string    `json:"vendor"`           // the CI vendor, empty on a person's machine
	Branch    string    `json:"branch,omitempty"` // as the vendor names it
	Actor     string    `json:"actor,omitempty"`  // who started the vendor's run
	RunURL    string    `json:"runURL,omitempty"` // of the vendor's run
	Namespace string    `json:"namespace"`        // of production
	Result    Result    `json:"result"`
	ExitCode  int       `json:"exitCode"`
	Seconds   float64   `json:"seconds"`
	Stages    []Stage   `json:"stages"`
	Changes   []Change  `json:"changes"`
	Addresses []Address `json:"addresses"`
	Requests  int       `json:"requests"` // made to the cluster's API
	Undo      Undo      `json:"undo"`
	Engine    string    `json:"engine"`
	Cluster   string    `json:"cluster"`

	// The accounts that were impersonated in the build namespace and in production,
	// since the credentials given may write everywhere.
	As           string `json:"as,omitempty"`
	ProductionAs string `json:"productionAs,omitempty"`

	Environments []Environment `json:"environments,omitempty"` // that the run came to, in order; none where there is production alone
	Waits        *Waits        `json:"waits,omitempty"`        // for an approval; nil: for none
	Again        string        `json:"again,omitempty"`        // the command with which the version goes on in the environment in which it failed
	Who          string        `json:"who,omitempty"`          // Actor, or who ran it on a machine of their own

	Files    []string  `json:"files,omitempty"`    // beside this one, but for logs and the reports themselves
	Evidence *Evidence `json:"evidence,omitempty"` // nil: the run came neither to the release nor to a deploy

	Vulnerabilities *Vulnerabilities `json:"vulnerabilities,omitempty"` // nil: the run did not come to look for any

	Delivery []history.Month `json:"delivery,omitempty"` // DORA's four keys by month, the newest last; of a run that deployed

	Receipt *Receipt `json:"receipt,omitempty"` // nil: the states before and after the run were not compared

	EngineSeconds float64 `json:"engineSeconds"` // of Seconds, spent on the engine's work: building and testing
	WaitSeconds   float64 `json:"waitSeconds"`   // of Seconds, spent waiting for pods, addresses and other runs
}

// withLists returns the report with empty lists for those not set: scripts that iterate need a list, not null.
func (r Report) withLists() Report {
	r.Stages = append([]Stage{}, r.Stages...)
	r.Changes = append([]Change{}, r.Changes...)
	r.Addresses = append([]Address{}, r.Addresses...)
	if r.Vulnerabilities != nil {
		known := *r.Vulnerabilities
		known.Found = append([]Vulnerability{}, known.Found...)
		r.Vulnerabilities = &known
	}
	if r.Receipt != nil {
		receipt := *r.Receipt
		receipt.Others, receipt.Unexpected = append([]Touched{}, receipt.Others...), append([]Touched{}, receipt.Unexpected...)
		r.Receipt = &receipt
	}
	return r
}

// Image is one image of the application.
type Image struct {
	Name       string `json:"name"` // as the overlays write it
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
}

// Stage is one stage of a run, once it has ended.
type Stage struct {
	Name        string    `json:"name"`
	Environment string    `json:"environment,omitempty"` // that it belongs to
	Result      Result    `json:"result"`
	Start       time.Time `json:"start"`
	Seconds     float64   `json:"seconds"`
	Detail      string    `json:"detail,omitempty"` // its outcome, or why it was skipped, in a few words
	Error       string    `json:"error"`
	Cause       string    `json:"cause"`
	Evidence    []string  `json:"evidence,omitempty"` // what shows the cause: events, states, log lines
	Try         string    `json:"try,omitempty"`      // what to do about it
	Optional    bool      `json:"optional,omitempty"` // its failure ends no run
	Objects     []Object  `json:"objects,omitempty"`  // that it wrote or waited for, in the order in which they were first seen
	Tests       []Test    `json:"tests,omitempty"`    // of the application, in the order in which they ran
}

// Object tells how long one object of the cluster took to become ready.
type Object struct {
	Namespace string    `json:"namespace,omitempty"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	Start     time.Time `json:"start"`   // when it was first seen
	Seconds   float64   `json:"seconds"` // until its last state
	State     string    `json:"state"`   // the last one: "ready", "created", or what it waits for
	Ready     bool      `json:"ready"`   // nothing is waited for any more
}

// Test is one test of the application.
type Test struct {
	Name    string  `json:"name"`
	Result  Result  `json:"result"`
	Seconds float64 `json:"seconds"`
	At      string  `json:"at"`               // the base URL that it tested
	Output  string  `json:"output,omitempty"` // of one that failed
}

// Change is what the run did to one object of the cluster.
type Change struct {
	Environment string `json:"environment,omitempty"` // in which it is
	Namespace   string `json:"namespace"`
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Action      Action `json:"action"`
}

// Address is where a stage reached the application.
type Address struct {
	Stage   string `json:"stage"`
	URL     string `json:"url"`
	FoundBy string `json:"foundBy"`
}

// Receipt compares all objects that the run's credentials can read, before the run and after it.
type Receipt struct {
	Unseen     bool      `json:"productionUnseen,omitempty"` // the run has no credentials for production: the fields below tell of the build namespace only
	Changed    int       `json:"changed"`                    // how many objects in production this run changed
	Objects    int       `json:"objects"`                    // how many there are in production, or were before
	Others     []Touched `json:"others"`                     // changed by somebody else, in production or in the build namespace
	Unexpected []Touched `json:"unexpected"`                 // changed by nobody known, or by this run although it is not in Changes
}

// proven is the receipt as text. It leaves out Unexpected: those were reported as a failure.
func (r Report) proven() []string {
	if r.Receipt == nil {
		return nil
	}
	var names []string
	for _, e := range r.Environments {
		names = append(names, e.Name)
	}
	where := firstOf(strings.Join(names, ", "), "production")
	out := []string{fmt.Sprintf("%s: %d of %d objects changed", where, r.Receipt.Changed, r.Receipt.Objects)}
	if r.Receipt.Unseen {
		out[0] = where + ": not compared, since this run has no credentials for it"
	}
	for _, touched := range r.Receipt.Others {
		out = append(out, "changed by others: "+touched.String())
	}
	return out
}

// Touched is an object that changed, and the field managers that changed it, as far as they are known.
type Touched struct {
	Namespace string   `json:"namespace"`
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	Action    Action   `json:"action"`
	By        []string `json:"by"`
}

// String returns all of it in one line.
func (t Touched) String() string {
	text := strings.TrimPrefix(t.Namespace+"/", "/") + t.Name + " " + string(t.Action)
	if len(t.By) > 0 {
		text += " by " + strings.Join(t.By, ", ")
	}
	return t.Kind + " " + text
}

// Undo tells whether the run undid its changes, or why it could not.
type Undo struct {
	Done  bool     `json:"done"`
	Error string   `json:"error"`
	Left  []string `json:"left,omitempty"` // what the run did that is not put back
}

// Seconds returns d in seconds, to the millisecond, as reports hold it.
func Seconds(d time.Duration) float64 {
	return math.Round(d.Seconds()*1000) / 1000
}
