package history

import (
	"context"
	"time"
)

// Git tells what git knows of commits and of those before them; of what it does not know there is nothing. Nil knows nothing.
type Git func(ctx context.Context, commits []string) Graph

// monthsTold limits the months that Git tells.
const monthsTold = 12

// Months are DORA's four keys, by month.
func (g Git) Months(ctx context.Context, all []Deploy, now time.Time) []Month {
	var known Graph
	if g != nil {
		known = g(ctx, Commits(all))
	}
	return Months(all, known, now, monthsTold)
}

// Graph is what git knows of commits, by their hash.
type Graph map[string]Node

// Node is one commit.
type Node struct {
	Time    time.Time
	Parents []string
}

// brought returns, for each deploy, the times of the commits that came into production with it and were in no release before.
// What the first release brought is not known: all that is older was made before anybody kept count.
func (g Graph) brought(oldest []Deploy) [][]time.Time {
	out := make([][]time.Time, len(oldest))
	there := map[string]bool{}
	for i, one := range oldest {
		if one.Result != Released {
			continue
		}
		first := len(there) == 0
		for next := []string{one.Commit}; len(next) > 0; {
			hash := next[len(next)-1]
			next = next[:len(next)-1]
			node, known := g[hash]
			if !known || there[hash] {
				continue
			}
			there[hash] = true
			next = append(next, node.Parents...)
			if !first {
				out[i] = append(out[i], node.Time)
			}
		}
	}
	return out
}
