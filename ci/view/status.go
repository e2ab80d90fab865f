// Package view turns what a command found out into text for people, or into JSON for
// programs.
package view

import (
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// Status returns the status for people: what matters most in words, and what to
// do about it, then tables.
func Status(s pipeline.Status, screen report.Screen, now time.Time) string {
	say := statusWords{s, screen, now}
	parts := []string{say.production(), say.change(), say.left(), say.broken(), say.runs(), say.stale(), say.tables()}
	var out []string
	for _, part := range parts {
		if part != "" {
			out = append(out, part)
		}
	}
	return strings.Join(out, "\n")
}
