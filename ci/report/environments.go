package report

import (
	"cmp"
	"slices"
	"strings"
)

// Environment is one of several places that the version went to, or was to go to.
type Environment struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Cluster   string `json:"cluster"`
	As        string `json:"as,omitempty"` // the account that was impersonated there
	Approved  bool   `json:"approved,omitempty"`
	Result    Result `json:"result"`            // passed once the version was verified there
	Before    string `json:"before,omitempty"`  // the version that was there
	Version   string `json:"version,omitempty"` // the version that is there now, as far as the run knows
	Address   string `json:"address,omitempty"` // where it was verified
}

// Waits tells for what a run waits.
type Waits struct {
	Environment string `json:"environment"` // that somebody must approve
	Command     string `json:"command"`     // with which the version goes on
}

// Judged returns the report with how it went in each environment: as the first stage there that did not pass, what undid that aside.
func (r Report) Judged() Report {
	r.Environments = slices.Clone(r.Environments)
	for i := range r.Environments {
		e := &r.Environments[i]
		e.Result = Skipped
		for _, stage := range r.Stages {
			recovered := stage.Name == "recover-"+e.Name && stage.Result == Passed // of another run's version
			of := stage.Environment == e.Name && !recovered && stage.Result != Skipped && (!stage.Optional || stage.Result == Passed)
			if of && (e.Result == Skipped || e.Result == Passed) {
				e.Result = stage.Result
			}
		}
		for _, address := range r.Addresses {
			if address.Stage == "verify-"+e.Name {
				e.Address = address.URL
			}
		}
	}
	return r
}

// last are the lines before the last one that a run prints.
func (r Report) last() []string {
	lines := r.proven()
	if r.Again != "" {
		lines = append(lines, "once the cause is gone, the version goes on by: "+r.Again)
	}
	if r.Waits != nil {
		lines = append(lines, r.Waits.Environment+" waits for an approval; once it has one, this goes on there: "+r.Waits.Command)
	}
	return lines
}

// Place is where the version of a run that passed is: production, or the last environment that has it.
func (r Report) Place() string {
	place := "production"
	for _, e := range r.Environments {
		if e.Result == Passed {
			place = e.Name
		}
	}
	return place
}

// PutBack is what an undo was about: production, or an environment.
func (r Report) PutBack() string {
	for _, stage := range r.Stages {
		if stage.Environment != "" && stage.Name == "undo-"+stage.Environment {
			return stage.Environment
		}
	}
	return "Production"
}

// ChangesIn are what the run has changed in an environment, and outside of all.
func (r Report) ChangesIn(environment string) []Change {
	return slices.DeleteFunc(slices.Clone(r.Changes), func(c Change) bool { return c.Environment != "" && c.Environment != environment })
}

// LastAddress is where the application was found last, in production or in an environment; empty where it was not.
func (r Report) LastAddress() string {
	for _, address := range slices.Backward(r.Addresses) {
		if address.Stage == "production" || strings.HasPrefix(address.Stage, "verify-") {
			return address.URL
		}
	}
	return ""
}

// And is the receipt of two environments. Each may be nil.
func (r *Receipt) And(other *Receipt) *Receipt {
	if r == nil || other == nil {
		return cmp.Or(r, other)
	}
	return &Receipt{Unseen: r.Unseen && other.Unseen, Changed: r.Changed + other.Changed, Objects: r.Objects + other.Objects,
		Others: slices.Concat(r.Others, other.Others), Unexpected: slices.Concat(r.Unexpected, other.Unexpected)}
}
