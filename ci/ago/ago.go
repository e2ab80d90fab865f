// Package ago reads of the command line how long ago something was, or when. It does not know what.
package ago

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/exit"
)

// Age is a duration that may be given in days, as in 14d.
type Age time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Age) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	if days, inDays := strings.CutSuffix(string(text), "d"); inDays {
		var count int
		count, err = strconv.Atoi(days)
		read = time.Duration(count) * 24 * time.Hour
		if err == nil && count > int(maxAge/(24*time.Hour)) {
			err = strconv.ErrRange
		}
	}
	if err != nil || read <= 0 {
		return fmt.Errorf("%q: want days or a duration, as in 14d or 36h", text)
	}
	*a = Age(read)
	return nil
}

const maxAge = 100 * 365 * 24 * time.Hour

// Since is a time, or how long ago one is; its zero value is long ago.
type Since struct {
	at  time.Time
	ago Age
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Since) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, string(text)); err == nil {
			s.at = at
			return nil
		}
	}
	if err := s.ago.UnmarshalText(text); err != nil {
		return fmt.Errorf("%q: want a day, a time, or how long ago, as in 2026-01-31, 2026-01-31T08:00:00Z, 30d or 36h", text)
	}
	return nil
}

// From is the time as seen from now. One that is still to come is a usage error.
func (s Since) From(now time.Time) (time.Time, error) {
	switch {
	case s.at.After(now):
		return s.at, exit.Usagef("--since: %s is still to come", s.at.Format(time.RFC3339))
	case s.ago > 0:
		return now.Add(-time.Duration(s.ago)), nil
	}
	return s.at, nil
}
