package cluster

import "time"

// Who gives no sign of life for as long as a lease lasts is most likely dead. Only
// Lock, TakeIfStale and StaleRuns make sure of it, for they watch; here times by the
// API server's clock are compared (see Cluster.Now), for people to read.

// Silent reports whether the run gave no sign of life for so long.
func (r Run) Silent(now time.Time) bool { return silent(now, r.Seen) }

// Silent reports whether the holder gave no sign of life for so long.
func (h Holder) Silent(now time.Time) bool { return silent(now, h.Renewed) }

// Silent reports whether the waiter gave no sign of life for so long.
func (w Waiter) Silent(now time.Time) bool { return silent(now, w.Renewed) }

func silent(now, seen time.Time) bool { return now.Sub(seen) > leaseDuration }
