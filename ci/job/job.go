// Package job is what is known of the CI job that this process runs in, by the variables that its vendor sets: its run, its commit,
// who started it, its identity token. It does not know what the job does.
package job

import (
	"crypto/rand"
	"encoding/base32"
	"os"
	"regexp"
	"strings"

	"github.com/slipway-cd/slipway/ci/exit"
)

// Job is what is known about the CI job that this process runs in.
type Job struct {
	Vendor string // empty on a person's machine
	Run    string // an id that fits a label
	Commit string // which the vendor says is checked out
	Branch string
	Actor  string
	URL    string
}

// Of reads the job from the variables of the vendor that --vendor names: auto finds
// out which vendor it is, none is a person's machine. An unknown name is a usage error.
func Of(name string, getenv func(string) string) (Job, error) {
	names := []string{"auto", "none"}
	for _, v := range vendors {
		if name == v.name || name == "auto" && v.is(getenv) {
			return v.job(getenv), nil
		}
		names = append(names, v.name)
	}
	if name == "auto" || name == "none" {
		return Job{Run: madeID()}, nil
	}
	return Job{}, exit.Usagef("--vendor %q: want one of %s", name, strings.Join(names, ", "))
}

// job reads this vendor's variables only: an image may hold some of another vendor.
func (v vendor) job(getenv func(string) string) Job {
	branch := first(v.branch, getenv)
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "origin/"} {
		branch = strings.TrimPrefix(branch, prefix)
	}
	out := Job{Vendor: v.name, Run: slug(os.Expand(v.run, getenv)), Commit: expand(v.commit, getenv),
		Branch: branch, Actor: first(v.actor, getenv), URL: expand(v.url, getenv)}
	if out.Run == "" {
		out.Run = madeID()
	}
	return out
}

// first returns the first template whose variables are all set.
func first(templates []string, getenv func(string) string) string {
	for _, template := range templates {
		if value := expand(template, getenv); value != "" {
			return value
		}
	}
	return ""
}

// expand returns a template with its variables, "" when one is not set.
func expand(template string, getenv func(string) string) string {
	complete := true
	value := os.Expand(template, func(name string) string {
		complete = complete && getenv(name) != ""
		return getenv(name)
	})
	if !complete {
		return ""
	}
	return value
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

func slug(text string) string {
	text = strings.Trim(unfit.ReplaceAllString(strings.ToLower(text), "-"), "-")
	return strings.Trim(text[:min(32, len(text))], "-")
}

// madeID returns a random id. It is short, since every name in a beta ends with it, and
// 40 bits suffice for the runs that are in flight together.
func madeID() string {
	var bytes [5]byte
	_, _ = rand.Read(bytes[:]) // never fails: crypto/rand
	return strings.ToLower(base32.StdEncoding.EncodeToString(bytes[:]))
}
