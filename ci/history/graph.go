package history

import "time"

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
