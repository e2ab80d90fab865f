package ago

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
)

func TestSinceIsADayATimeOrHowLongAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-31":                time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
		"2026-01-31T08:00:00+02:00": time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC),
		"30d":                       now.AddDate(0, 0, -30),
		"36h":                       now.Add(-36 * time.Hour),
	} {
		var read Since
		require.NoError(t, read.UnmarshalText([]byte(text)))
		from, err := read.From(now)
		require.NoError(t, err)
		require.True(t, want.Equal(from), "%s is %s", text, from)
	}
	from, err := Since{}.From(now)
	require.NoError(t, err)
	require.True(t, from.IsZero(), "without it all is shown")
	for _, text := range []string{"", "yesterday", "2026-02-30", "0d", "-3h", "31"} {
		require.ErrorContains(t, new(Since).UnmarshalText([]byte(text)), "as in 2026-01-31", text)
	}
	_, err = Since{at: now.AddDate(1, 0, 0)}.From(now)
	require.EqualError(t, err, "--since: 2027-02-01T12:00:00Z is still to come")
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
}
