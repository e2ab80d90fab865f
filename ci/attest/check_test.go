package attest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
)

// ran is a suite that passed for version 4-g76803439.
func (s shelf) ran(t *testing.T, signer evidence.Signer, suite evidence.Suite) {
	t.Helper()
	suite.Application, suite.Stage, suite.Version, suite.Finished = "app", "functional", "4-g76803439", now
	statement, err := evidence.NewTests(evidence.Results{Suite: suite}, s.about)
	require.NoError(t, err)
	s.attach(t, signer, statement)
}

func TestADeployWantsTheSuitesAndTheVersion(t *testing.T) {
	t.Parallel()
	shelved, other := newShelf(t, true), newKey(t)
	api, web := evidence.Suite{Name: "api", Command: []string{"/api"}}, evidence.Suite{Name: "web"}
	unnamed, another := evidence.Suite{Command: []string{"perl", "tests.pl"}}, evidence.Suite{Command: []string{"true"}}
	for name, c := range map[string]struct {
		ran    []evidence.Suite
		wanted attest.Wanted
		says   string // empty: it is enough
	}{
		"each by its name":            {[]evidence.Suite{api, web}, attest.Wanted{Suites: []evidence.Suite{web, {Name: "api", Command: []string{"/api", "-v"}}}}, ""},
		"the version":                 {[]evidence.Suite{api}, attest.Wanted{Version: "4-g76803439"}, ""},
		"by its command":              {[]evidence.Suite{another, unnamed}, attest.Wanted{Suites: []evidence.Suite{unnamed}}, ""},
		"no suite is described":       {[]evidence.Suite{api}, attest.Wanted{}, ""},
		"health, and none described":  {[]evidence.Suite{{Health: true}}, attest.Wanted{}, ""},
		"another version":             {[]evidence.Suite{api}, attest.Wanted{Version: "9.8"}, "test results: they are of version 4-g76803439, not 9.8"},
		"another suite":               {[]evidence.Suite{web}, attest.Wanted{Suites: []evidence.Suite{web, api}}, "test results: there are none of suite api"},
		"another command":             {[]evidence.Suite{another}, attest.Wanted{Suites: []evidence.Suite{unnamed}}, "test results: there are none of suite `perl tests.pl`"},
		"health where there is tests": {[]evidence.Suite{{Health: true}}, attest.Wanted{Suites: []evidence.Suite{api}}, "test results: there are none of suite api, only that it answered"},
		"health of an unnamed suite":  {[]evidence.Suite{{Health: true}}, attest.Wanted{Suites: []evidence.Suite{{}}}, "test results: there are none of the suite without a name, only that it answered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shelf{shelved.registry, shelved.repo, evidence.Subject{Name: shelved.about.Name, Digest: push(t, shelved.repo)}, shelved.key}
			for _, suite := range c.ran {
				s.ran(t, s.key, suite)
			}
			c.wanted.Application = "app"
			err := s.find(t, by(t, s.key)).Check(c.wanted, now)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.says)
		})
	}
	t.Run("a suite that somebody else signed", func(t *testing.T) {
		t.Parallel()
		s := shelf{shelved.registry, shelved.repo, evidence.Subject{Name: shelved.about.Name, Digest: push(t, shelved.repo)}, shelved.key}
		s.ran(t, s.key, web)
		s.ran(t, other, api)
		err := s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app", Suites: []evidence.Suite{web, api}}, now)
		require.ErrorContains(t, err, "there are none of suite api; others do not count: it was signed by "+other.String())
		require.ErrorIs(t, err, evidence.ErrSigner)
	})
}
