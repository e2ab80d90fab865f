package report

import (
	"fmt"
	"strings"
	"time"
)

// Evidence is what is attached to the first image's digest in the registry, of which every part was verified.
type Evidence struct {
	Image   string   `json:"image,omitempty"` // repository
	Signer  string   `json:"signer,omitempty"`
	Without bool     `json:"without,omitempty"` // it was not asked for
	Tests   []Tested `json:"tests,omitempty"`   // that passed

	// Digests of the documents, in the image's repository.
	SBOM       string `json:"sbom,omitempty"`
	Provenance string `json:"provenance,omitempty"`

	// What the provenance says.
	Repository string `json:"repository,omitempty"`
	Commit     string `json:"commit,omitempty"`
	Clean      bool   `json:"clean,omitempty"` // the tree held nothing that the commit has not
	Builder    string `json:"builder,omitempty"`

	Seconds float64 `json:"seconds,omitempty"` // that the run waited for it: attaching, and verifying
}

// Tested is a suite that passed.
type Tested struct {
	Stage       string    `json:"stage"`
	Suite       string    `json:"suite,omitempty"`
	Environment string    `json:"environment,omitempty"` // of the tests of production
	Health      bool      `json:"health,omitempty"`      // there are no tests: it answered
	Passed      int       `json:"passed"`                // tests
	Addresses   []string  `json:"addresses,omitempty"`   // kinds of objects by which the application was reached
	Cluster     string    `json:"cluster,omitempty"`     // and namespace
	Finished    time.Time `json:"finished"`
	Run         string    `json:"run"`
	URL         string    `json:"url,omitempty"` // of the CI vendor's run
	Statement   string    `json:"statement"`     // digest of the document
}

// Fact is one line of what is known.
type Fact struct{ What, Text string }

// Facts are the evidence in lines for people; none where there is none.
func (e *Evidence) Facts() (out []Fact) {
	if e == nil {
		return nil
	}
	if e.Without {
		return []Fact{{"evidence", "was not asked for: --without-evidence"}}
	}
	for _, tested := range e.Tests {
		out = append(out, Fact{"tested", tested.String()})
	}
	if e.Provenance != "" {
		source := "a source without commits"
		if e.Commit != "" {
			source = "commit " + clean(e.Commit)
		}
		if e.Repository != "" {
			source += " of " + clean(e.Repository)
		}
		if e.Commit != "" && !e.Clean {
			source += ", with changes that it has not"
		}
		out = append(out, Fact{"built", "from " + source + " by " + clean(e.Builder)}, Fact{"provenance", "document " + e.Image + "@" + e.Provenance})
	}
	if e.SBOM != "" {
		out = append(out, Fact{"SBOM", "document " + e.Image + "@" + e.SBOM})
	}
	if e.Signer != "" {
		out = append(out, Fact{"signed by", e.Signer})
	}
	return out
}

// String tells what passed, where and when.
func (t Tested) String() string {
	name := strings.TrimSpace(t.Suite + " test")
	if t.Stage == "build" {
		name = "check"
	}
	if t.Passed != 1 {
		name += "s"
	}
	text := fmt.Sprintf("%d %s passed", t.Passed, clean(name))
	if t.Health {
		text = "not but that it answered, or is ready,"
	}
	if len(t.Addresses) > 0 {
		text += " by " + clean(strings.Join(t.Addresses, ", "))
	}
	if t.Environment != "" {
		text += " in " + clean(t.Environment)
	}
	if t.Cluster != "" {
		text += " in " + clean(t.Cluster)
	}
	return text + ", " + t.Finished.UTC().Format("2006-01-02 15:04 UTC") + ", run " + clean(firstOf(t.URL, t.Run))
}
