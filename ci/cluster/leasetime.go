package cluster

import (
	"cmp"
	"time"
)

// leaseDuration is how long a lease lasts that nobody renews: its holder is then taken
// for dead. See Config.Lease.
const LeaseDuration = 15 * time.Second

// Lasts is how long a lease of this connection lasts unrenewed; renewal is how often it
// is renewed, and how long one renewal may take.
func (c *Cluster) Lasts() time.Duration {
	return cmp.Or(c.given.Lease, LeaseDuration)
}

func (c *Cluster) Renewal() time.Duration { return c.Lasts() / 3 }

// Silent reports whether who was last heard of then gave no sign of life for as long as
// a lease lasts. Both are times by the API server's clock (see Cluster.Now), for people to
// read: who must be sure watches.
func Silent(now, seen time.Time) bool { return now.Sub(seen) > LeaseDuration }
