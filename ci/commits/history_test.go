package commits

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACommitBeforeTheDeployedOneIsSuperseded(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return time.Unix(1700000000+int64(n), 0) }
	says := func(yes, known bool) func(context.Context, string, string) (bool, bool, error) {
		return func(context.Context, string, string) (bool, bool, error) { return yes, known, nil }
	}
	distinct := func(n int) string { return fmt.Sprintf("%012x", n) + strings.Repeat("0", 28) }
	list := func(from, to int) (out []string) {
		for i := from; i >= to; i-- {
			out = append(out, Short(distinct(i)))
		}
		return out
	}
	for name, c := range map[string]struct {
		own      int // the commit's number, and its time
		history  History
		deployed int
		before   []string
		shallow  bool
		older    bool
		guessed  bool
	}{
		"git knows it is older":                              {own: 3, history: History{Ancestor: says(true, true)}, deployed: 5, older: true},
		"git knows it is not":                                {own: 3, history: History{Ancestor: says(false, true)}, deployed: 5, before: list(4, 1)},
		"the same commit":                                    {own: 5, history: History{Ancestor: says(true, true)}, deployed: 5},
		"the newer is not in the older one's clone":          {own: 3, history: History{Ancestor: says(false, false)}, deployed: 5, before: list(4, 1), older: true},
		"a newer one whose clone is shallow":                 {own: 6, history: History{Shallow: true, Before: list(5, 5)}, deployed: 5, shallow: true},
		"a branch, as the whole history shows":               {own: 3, history: History{Shallow: true}, deployed: 5, before: list(2, 1)},
		"shallow clones, an older commit time":               {own: 3, history: History{Shallow: true, Ancestor: says(false, false)}, deployed: 5, shallow: true, older: true, guessed: true},
		"shallow clones, a newer commit time":                {own: 6, history: History{Shallow: true, Ancestor: says(false, false)}, deployed: 5, shallow: true, guessed: true},
		"a whole clone that lacks the deployed commit":       {own: 3, history: History{Ancestor: says(false, false)}, deployed: 5, shallow: true},
		"more commits between them than a release remembers": {own: 3, history: History{Ancestor: says(false, false)}, deployed: 5000, before: list(4999, 4500)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			older, guessed, err := c.history.Older(t.Context(), Commit{Hash: distinct(c.own), Time: at(c.own)},
				Commit{Hash: distinct(c.deployed), Time: at(c.deployed), Before: c.before, Shallow: c.shallow})
			require.NoError(t, err)
			require.Equal(t, c.older, older)
			require.Equal(t, c.guessed, guessed)
		})
	}
}
