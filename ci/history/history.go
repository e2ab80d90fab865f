// Package history tells what became of each deploy, and what that says of a team's delivery. It knows plain values: neither
// where they are kept nor who reads them.
package history

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Result is what a deploy did to production.
type Result string

// The results. Only the first leaves another version in production than before.
const (
	Released    Result = "released"    // verified
	Undone      Result = "undone"      // production was changed and is put back
	Stuck       Result = "stuck"       // production was changed and could not be put back
	Failed      Result = "failed"      // before anything was changed
	Superseded  Result = "superseded"  // production ran a newer commit already: nothing was changed
	Interrupted Result = "interrupted" // before anything was changed
)

// Deploy is one run that had production's lock. What is not known is empty, as much is of runs that an older version made. It is
// read by scripts: fields may be added, none renamed.
type Deploy struct {
	Run     string `json:"run"`
	Version string `json:"version"`
	Back    string `json:"back,omitempty"` // the version in production before; empty for a first deploy
	Commit  string `json:"commit,omitempty"`
	Digest  string `json:"digest,omitempty"` // of the first image
	Who     string `json:"who,omitempty"`
	URL     string `json:"url,omitempty"` // of the CI vendor's run

	Rollback bool `json:"rollback,omitempty"` // to a version that was in production before

	Committed time.Time `json:"committed,omitzero"`
	Begun     time.Time `json:"begun,omitzero"` // when it began to change production, or had the lock
	Ended     time.Time `json:"ended"`          // when the result was known: tested, or put back and tested

	LeadSeconds float64 `json:"leadSeconds,omitempty"` // from the commit until it was verified in production

	Result   Result `json:"result"`
	ExitCode int    `json:"exitCode"`
	Stage    string `json:"stage,omitempty"` // that failed
	Cause    string `json:"cause,omitempty"`

	RecoveredBy string `json:"recoveredBy,omitempty"` // the run that put production back in its stead

	Evidence *Evidence `json:"evidence,omitempty"` // nil: none was verified, or it is not known
}

// Evidence is what was known of the image when it was deployed.
type Evidence struct {
	Signer     string `json:"signer,omitempty"`
	Passed     int    `json:"passed"` // tests
	SBOM       string `json:"sbom,omitempty"`
	Provenance string `json:"provenance,omitempty"`
}

// Changed reports whether users met the version, if only until it was put back.
func (d Deploy) Changed() bool {
	return d.Result == Released || d.Result == Undone || d.Result == Stuck
}

// Lead is the time from the commit until production; 0 where it is not known, or there is none: a rollback brings nothing new.
func (d Deploy) Lead() time.Duration {
	if d.Result != Released || d.Rollback || d.Committed.Unix() <= 0 {
		return 0
	}
	return max(0, d.Ended.Sub(d.Committed))
}

// causeKept is how much of a cause is kept: the run's own reports have all of it.
const causeKept = 300

// Kept is the deploy as it is kept.
func (d Deploy) Kept() Deploy {
	d.LeadSeconds = d.Lead().Round(time.Second).Seconds()
	d.Cause = brief(d.Cause, causeKept)
	d.Who, d.URL = brief(d.Who, 100), brief(d.URL, causeKept)
	d.Committed, d.Begun, d.Ended = d.Committed.UTC(), d.Begun.UTC(), d.Ended.UTC()
	return d
}

// brief is text in one line, of so many characters at most.
func brief(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return string(runes)
}

// same reports whether two tell of the same deploy: runs may be tried again under the same name.
func (d Deploy) same(other Deploy) bool {
	return d.Run == other.Run && (d.Ended.Equal(other.Ended) || !d.Begun.IsZero() && d.Begun.Equal(other.Begun))
}

// With returns the deploys, newest first, with one more. Of one that is known, only the result is new: whoever recovers a run
// does not know all that the run itself has told.
func With(all []Deploy, one Deploy) []Deploy {
	one, all = one.Kept(), slices.Clone(all)
	if i := slices.IndexFunc(all, one.same); i < 0 {
		all = append(all, one)
	} else {
		known := &all[i]
		known.Result, known.Ended, known.RecoveredBy = one.Result, one.Ended, cmp.Or(one.RecoveredBy, known.RecoveredBy)
		known.LeadSeconds = one.LeadSeconds
	}
	slices.SortStableFunc(all, func(a, b Deploy) int { return b.Ended.Compare(a.Ended) })
	return all
}

// Filled returns the deploys with those of others that they lack.
func Filled(all, others []Deploy) []Deploy {
	for _, other := range others {
		if !slices.ContainsFunc(all, other.same) {
			all = With(all, other)
		}
	}
	return all
}

// Since returns those that ended at the time or later.
func Since(all []Deploy, then time.Time) []Deploy {
	return slices.DeleteFunc(slices.Clone(all), func(d Deploy) bool { return d.Ended.Before(then) })
}

// Versions lists each version that there is a deploy of, the newest first.
func Versions(all []Deploy) (out []string) {
	for _, d := range all {
		if !slices.Contains(out, d.Version) {
			out = append(out, d.Version)
		}
	}
	return out
}

// Commits lists each commit that was released, the newest first.
func Commits(all []Deploy) (out []string) {
	for _, d := range all {
		if d.Result == Released && d.Commit != "" && !slices.Contains(out, d.Commit) {
			out = append(out, d.Commit)
		}
	}
	return out
}

// RolledBack returns the rollback by which a place has left a version, of the deploys there, newest first; nil where it has not, or
// has got it again since.
func RolledBack(deploys []Deploy, version string) *Deploy {
	for i, one := range deploys {
		switch {
		case one.Result != Released:
		case one.Version == version:
			return nil
		case one.Rollback && one.Back == version:
			return &deploys[i]
		}
	}
	return nil
}
