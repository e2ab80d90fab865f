package report

import (
	"fmt"
	"strings"
	"time"
)

// Vulnerabilities are those that are known of the run's images.
type Vulnerabilities struct {
	Scanner  string          `json:"scanner"`            // with its version
	Database *time.Time      `json:"database,omitempty"` // when that was built; nil where it does not say so
	Severity string          `json:"severity"`           // what is that severe, or worse, is not released
	Found    []Vulnerability `json:"found"`              // the worst first
}

// Vulnerability is one of a package in an image.
type Vulnerability struct {
	ID       string     `json:"id"`
	Aliases  []string   `json:"aliases,omitempty"` // in other databases
	Severity string     `json:"severity"`          // unknown, negligible, low, medium, high, critical
	Package  string     `json:"package"`
	Version  string     `json:"version"`
	FixedIn  []string   `json:"fixedIn,omitempty"`
	Image    string     `json:"image"`  // as the overlays name it
	Result   string     `json:"result"` // refused, below (the severity that counts), unfixed (and only others count), excepted
	Excepted *Exception `json:"exception,omitempty"`
}

// Exception is what the application says of a vulnerability.
type Exception struct {
	Until   string `json:"until"`
	Reason  string `json:"reason"`
	Expired bool   `json:"expired,omitempty"` // it counts no longer
}

// Fact is how many there are of each severity and what they are known by; of no text where nobody has looked.
func (v *Vulnerabilities) Fact() Fact {
	if v == nil {
		return Fact{}
	}
	counts, excepted, order := map[string]int{}, map[string]int{}, []string(nil)
	for _, one := range v.Found {
		if counts[one.Severity] == 0 {
			order = append(order, one.Severity)
		}
		counts[one.Severity]++
		if one.Result == "excepted" {
			excepted[one.Severity]++
		}
	}
	var parts []string
	for _, severity := range order {
		text := fmt.Sprintf("%d %s", counts[severity], clean(severity))
		if excepted[severity] > 0 {
			text += fmt.Sprintf(" (%d excepted)", excepted[severity])
		}
		parts = append(parts, text)
	}
	text := "none known"
	if len(parts) > 0 {
		text = strings.Join(parts, ", ")
	}
	text += ", by " + clean(v.Scanner)
	if v.Database != nil {
		text += " with the database of " + v.Database.UTC().Format("2006-01-02")
	}
	return Fact{"vulnerabilities", text + "; refused from " + clean(v.Severity)}
}

// Fixed tells in which versions it is fixed.
func (v Vulnerability) Fixed() string { return clean(strings.Join(v.FixedIn, ", ")) }

// Why tells what was made of it.
func (v Vulnerability) Why() string {
	switch {
	case v.Excepted != nil && v.Excepted.Expired:
		return clean("exception expired on " + v.Excepted.Until)
	case v.Result == "excepted" && v.Excepted != nil:
		return clean("until " + v.Excepted.Until + ": " + v.Excepted.Reason)
	case v.Result == "unfixed":
		return "no fix, and only those with one count"
	}
	return ""
}
