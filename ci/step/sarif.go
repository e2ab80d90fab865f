package step

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// findings are what a scan found, by SARIF's levels.
type findings struct{ errors, warnings, notes int }

// sarif is what is read of a SARIF file (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type sarif struct {
	Version string `json:"version"`
	Runs    []struct {
		Tool struct {
			Driver struct {
				Rules []rule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []result `json:"results"`
	} `json:"runs"`
}

type rule struct {
	ID      string `json:"id"`
	Default struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type result struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    *int              `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Suppressions []json.RawMessage `json:"suppressions"`
}

// parseSARIF counts the results of a SARIF file, but for those that somebody has suppressed.
func parseSARIF(content []byte) (found findings, err error) {
	var file sarif
	if err := json.Unmarshal(content, &file); err != nil {
		return found, fmt.Errorf("not a SARIF file: %w", err)
	}
	if file.Version == "" || file.Runs == nil {
		return found, errors.New("not a SARIF file: it has no version, or no runs")
	}
	for _, run := range file.Runs {
		for _, one := range run.Results {
			if len(one.Suppressions) > 0 {
				continue
			}
			switch one.level(run.Tool.Driver.Rules) {
			case "error":
				found.errors++
			case "warning":
				found.warnings++
			case "note":
				found.notes++
			}
		}
	}
	return found, nil
}

// level is that of a result: its own, else its rule's, else a warning (section 3.27.10).
func (r result) level(rules []rule) string {
	switch {
	case r.Level != "":
		return r.Level
	case r.Kind != "" && r.Kind != "fail":
		return "none"
	}
	for i, rule := range rules {
		if rule.Default.Level != "" && (r.RuleIndex != nil && *r.RuleIndex == i || r.RuleIndex == nil && r.RuleID == rule.ID) {
			return rule.Default.Level
		}
	}
	return "warning"
}

// String counts them for people.
func (f findings) String() string {
	var parts []string
	for _, level := range []struct {
		count int
		name  string
	}{{f.errors, "error"}, {f.warnings, "warning"}, {f.notes, "note"}} {
		switch {
		case level.count == 1:
			parts = append(parts, "1 "+level.name)
		case level.count > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", level.count, level.name))
		}
	}
	if len(parts) == 0 {
		return "no results"
	}
	return strings.Join(parts, ", ")
}
