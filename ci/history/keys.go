package history

import (
	"slices"
	"time"
)

// Month is DORA's four keys of one month (https://dora.dev/guides/dora-metrics-four-keys/), in UTC. What there is none of is nil.
type Month struct {
	Month string  `json:"month"` // 2026-01
	Days  float64 `json:"days"`  // of it that are over

	// Deployments brought a new version to users, if only until it was put back. Rollbacks are none: they are recoveries.
	Deployments int     `json:"deployments"`
	PerDay      float64 `json:"perDay"`

	Changes     int      `json:"changes"`               // commits that came into production, as far as git knows them
	LeadSeconds *float64 `json:"leadSeconds,omitempty"` // median, from the commit until it was verified in production

	Failures    int      `json:"failures"` // deployments that were put back, could not be, or were rolled back
	FailureRate *float64 `json:"failureRate,omitempty"`

	Recovered       int      `json:"recovered"`                 // of the failures
	RecoverySeconds *float64 `json:"recoverySeconds,omitempty"` // median, from the change until users had a version again that works

	leads, recoveries []time.Duration
}

// Months returns the keys of each month from that of the first deploy until now, the newest last, and at most so many. graph may
// be nil: then each release is one change, its own commit.
func Months(all []Deploy, graph Graph, now time.Time, most int) []Month {
	oldest := slices.Clone(all)
	slices.Reverse(oldest)
	if len(oldest) == 0 {
		return []Month{}
	}
	out := spread(oldest[0].Ended, now)
	brought := graph.brought(oldest)
	for i, one := range oldest {
		at := monthOf(out, one.Ended)
		if at == nil || one.Rollback || !one.Changed() {
			continue
		}
		at.Deployments++
		if one.Result == Released {
			at.leads = append(at.leads, leads(one, brought[i])...)
		}
		failed, recovered := one.fate(oldest[i+1:])
		if failed {
			at.Failures++
		}
		if recovered != nil {
			at.recoveries = append(at.recoveries, *recovered)
		}
	}
	for i := range out {
		out[i].sum()
	}
	return out[max(0, len(out)-most):]
}

// fate tells whether a deployment failed, by what came after it, and how long users were without one that works: nil where that
// is not over, or they never were.
func (d Deploy) fate(after []Deploy) (failed bool, recovered *time.Duration) {
	took := func(from, to time.Time) *time.Duration { return new(max(0, to.Sub(from))) }
	switch {
	case d.Result == Undone && d.ExitCode == 0 && d.RecoveredBy == "": // asked for: --until deploy
		return false, nil
	case d.Result == Undone:
		return true, took(d.Begun, d.Ended)
	case d.Result == Stuck:
		i := slices.IndexFunc(after, func(next Deploy) bool { return next.Result == Released })
		if i < 0 {
			return true, nil
		}
		return true, took(d.Begun, after[i].Ended)
	}
	i := slices.IndexFunc(after, func(next Deploy) bool { return next.Result == Released })
	if i >= 0 && after[i].Rollback && after[i].Version != d.Version {
		return true, took(d.Ended, after[i].Ended)
	}
	return false, nil
}

// leads are the lead times of the commits that a release brought; of its own alone where git knows no more.
func leads(one Deploy, commits []time.Time) (out []time.Duration) {
	for _, at := range commits {
		out = append(out, max(0, one.Ended.Sub(at)))
	}
	if lead := one.Lead(); len(out) == 0 && lead > 0 {
		out = append(out, lead)
	}
	return out
}

// spread returns a month for each from the first until now.
func spread(first, now time.Time) (out []Month) {
	first = first.UTC()
	for at := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, time.UTC); !at.After(now); at = at.AddDate(0, 1, 0) {
		end := at.AddDate(0, 1, 0)
		if now.Before(end) {
			end = now
		}
		out = append(out, Month{Month: at.Format("2006-01"), Days: end.Sub(at).Hours() / 24})
	}
	return out
}

func monthOf(all []Month, at time.Time) *Month {
	i := slices.IndexFunc(all, func(m Month) bool { return m.Month == at.UTC().Format("2006-01") })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func (m *Month) sum() {
	m.Changes, m.Recovered = len(m.leads), len(m.recoveries)
	m.LeadSeconds, m.RecoverySeconds = median(m.leads), median(m.recoveries)
	m.PerDay = float64(m.Deployments) / max(1, m.Days)
	if m.Deployments > 0 {
		m.FailureRate = new(float64(m.Failures) / float64(m.Deployments))
	}
	m.leads, m.recoveries = nil, nil
}

// median in seconds.
func median(all []time.Duration) *float64 {
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	middle := all[len(all)/2]
	if len(all)%2 == 0 {
		middle = (all[len(all)/2-1] + middle) / 2
	}
	return new(middle.Round(time.Second).Seconds())
}
