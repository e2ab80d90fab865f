package main

import (
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strings"
)

// vendors tell by which variables a CI vendor is known and what names the run;
// a second attempt of one pipeline is another run.
var vendors = []struct {
	name, mark string
	run        []string
}{
	{"github", "GITHUB_ACTIONS", []string{"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"}},
	{"gitlab", "GITLAB_CI", []string{"CI_JOB_ID"}},
}

// vendorOf returns the CI vendor, empty on a person's machine, and the run's id.
func vendorOf(getenv func(string) string) (vendor, run string) {
	for _, v := range vendors {
		if getenv(v.mark) == "" {
			continue
		}
		var parts []string
		for _, name := range v.run {
			if value := getenv(name); value != "" {
				parts = append(parts, value)
			}
		}
		if id := slug(strings.Join(parts, "-")); id != "" {
			return v.name, id
		}
		return v.name, madeID()
	}
	return "", madeID()
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

func slug(text string) string {
	text = strings.Trim(unfit.ReplaceAllString(strings.ToLower(text), "-"), "-")
	return strings.Trim(text[:min(32, len(text))], "-")
}

// madeID is short, for it ends every name of a beta, and random enough for runs
// that are in flight together: 40 bits.
func madeID() string {
	var bytes [5]byte
	_, _ = rand.Read(bytes[:]) // never fails: crypto/rand
	return strings.ToLower(base32.StdEncoding.EncodeToString(bytes[:]))
}
