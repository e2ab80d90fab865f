package signing

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/evidence"
)

func TestWhoseWordCountsForAReleaseThatWasVerifiedBefore(t *testing.T) {
	t.Parallel()
	private, err := evidence.GenerateKey()
	require.NoError(t, err)
	key, err := evidence.ParseKey(private, "")
	require.NoError(t, err)
	noToken := evidence.NewKeyless(evidence.PublicSigstore(), func(context.Context) (string, error) { return "", errors.New("it is not asked for") })
	described := evidence.Accepted{Identities: []evidence.Identity{{Issuer: "issuer", Subject: "described"}}}
	by := Known{Identity: records.Identity{Issuer: "issuer", Subject: "job"}}
	for name, c := range map[string]struct {
		given  Vouching
		before Known
		counts string
	}{
		"who signed it":                          {Vouching{}, by, "job (issuer)"},
		"who signed it, without asking again":    {Vouching{By: noToken}, by, "job (issuer)"},
		"the key, where the run is keyless":      {Vouching{By: noToken}, Known{Key: key.Public().PEM}, key.String()},
		"the key that is given":                  {Vouching{By: key}, by, key.String()},
		"whom the application describes":         {Vouching{Accepted: described}, by, "described (issuer)"},
		"nobody, where nobody was written down":  {Vouching{}, Known{}, ""},
		"an older record's key":                  {Vouching{}, Known{Key: key.Public().PEM}, key.String()},
		"described, though another key is given": {Vouching{Accepted: described, By: key}, by, "described (issuer)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accepted, err := c.given.Counting(t.Context(), Namespace{}, c.before)
			require.NoError(t, err)
			require.Equal(t, c.counts, accepted.String())
		})
	}
}

func TestTheOneSignerThatCountsIsKeptWithARelease(t *testing.T) {
	t.Parallel()
	private, err := evidence.GenerateKey()
	require.NoError(t, err)
	key, err := evidence.ParseKey(private, "")
	require.NoError(t, err)
	job, jobs := evidence.Identity{Issuer: "issuer", Subject: "job"}, evidence.Identity{Issuer: "issuer", SubjectRegExp: "job.*"}
	keys := []evidence.PublicKey{key.Public()}
	require.Equal(t, Known{Key: key.Public().PEM}, OnlyOne(evidence.Accepted{Keys: keys}))
	require.Equal(t, Known{Identity: records.Identity{Issuer: "issuer", Subject: "job"}}, OnlyOne(evidence.Accepted{Identities: []evidence.Identity{job}}))
	for _, several := range []evidence.Accepted{{Keys: keys, Identities: []evidence.Identity{job}}, {Identities: []evidence.Identity{job, job}}, {Identities: []evidence.Identity{jobs}}, {}} {
		require.Zero(t, OnlyOne(several))
	}
}
