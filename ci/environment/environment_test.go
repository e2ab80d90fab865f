package environment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
)

var three = []description.Environment{{Name: "staging"}, {Name: "production-eu", Manual: true}, {Name: "production-us"}}

// told is a way in few words: through which, behind which, waiting for which, and where it ends before all.
func told(way Way) (text string) {
	for _, e := range way.Through {
		text += e.Name + " "
	}
	if way.After != "" {
		text += "after " + way.After + " "
	}
	if way.Waits != "" {
		text += "waits " + way.Waits + " "
	}
	return text + "until " + way.Until
}

func TestARunGoesThroughTheEnvironmentsInOrderAndWaitsForApprovals(t *testing.T) {
	t.Parallel()
	eu := []string{"production-eu"}
	for _, c := range []struct {
		wanted Wanted
		told   string
	}{
		{Wanted{}, "staging waits production-eu until production"},
		{Wanted{Until: "production"}, "staging waits production-eu until production"},
		{Wanted{Approved: eu}, "staging production-eu production-us until production"},
		{Wanted{Until: "staging"}, "staging until production"},
		{Wanted{Until: "production-eu", Approved: eu}, "staging production-eu until production"},
		{Wanted{Until: "release"}, "until release"},
		{Wanted{Until: "functional", Approved: eu}, "until functional"},
		{Wanted{Released: true}, "staging waits production-eu until production"},
		{Wanted{Released: true, Approved: eu}, "production-eu production-us after staging until production"},
		{Wanted{Released: true, From: "production-us"}, "production-us after production-eu until production"},
		{Wanted{Released: true, From: "staging", Approved: eu}, "staging production-eu production-us until production"},
	} {
		way, err := Choose(three, c.wanted)
		require.NoError(t, err, "%+v", c.wanted)
		require.Equal(t, c.told, told(way), "%+v", c.wanted)
	}
}

func TestWhatARunDoesNotComeToHasAReason(t *testing.T) {
	t.Parallel()
	why := func(w Wanted) (out []string) {
		way, err := Choose(three, w)
		require.NoError(t, err)
		for _, later := range way.Later {
			out = append(out, later.Name+": "+later.Why)
		}
		return out
	}
	require.Equal(t, []string{"production-eu: waits for the approval of production-eu", "production-us: waits for the approval of production-eu"}, why(Wanted{}))
	require.Equal(t, []string{"production-eu: not requested: --until staging", "production-us: not requested: --until staging"}, why(Wanted{Until: "staging"}))
	require.Len(t, why(Wanted{Until: "build"}), 3)
	require.Empty(t, why(Wanted{Approved: []string{"production-eu"}}))
}

func TestAnApplicationThatWaitsAtOnceIsReleased(t *testing.T) {
	t.Parallel()
	way, err := Choose(three[1:], Wanted{})
	require.NoError(t, err)
	require.Equal(t, "waits production-eu until release", told(way))
	require.Equal(t, "slipway --from release --version 7 --approve production-eu", way.GoOn("slipway", "7"))
}

func TestWhatTheUserWantsGoesOnWithTheVersion(t *testing.T) {
	t.Parallel()
	way, err := Choose(three, Wanted{Until: "production-eu", Given: []string{"--source", "../a"}})
	require.NoError(t, err)
	require.Equal(t, "slipway --from release --version 7 --source ../a --until production-eu --approve production-eu", way.GoOn("slipway", "7"))
	require.Equal(t, "slipway --from release --version 7 --source ../a --until production-eu --environment staging", way.Again("slipway", "7", "staging"))
}

func TestProductionIsAnEnvironmentWhereOneHasThatName(t *testing.T) {
	t.Parallel()
	all := []description.Environment{{Name: "production"}, {Name: "recovery"}}
	for until, want := range map[string]string{"": "production recovery until production", "production": "production until production"} {
		way, err := Choose(all, Wanted{Until: until})
		require.NoError(t, err)
		require.Equal(t, want, told(way))
	}
}

func TestAWayThatCannotBeIsRefusedByItsFlag(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]Wanted{
		`--until "deploy": want one of build, functional, release, or one of the environments staging, production-eu, production-us`:                                                 {Until: "deploy"},
		`--approve qa: no such environment; want one of staging, production-eu, production-us`:                                                                                       {Approved: []string{"qa"}},
		`--approve staging: it waits for nobody: leave this out`:                                                                                                                     {Approved: []string{"staging"}},
		`--environment qa: no such environment; want one of staging, production-eu, production-us`:                                                                                   {From: "qa", Released: true},
		`--environment staging: a commit goes through all of staging, production-eu, production-us: give --until to end with one, or --from release and --version to begin with one`: {From: "staging"},
		`--until staging: it comes before production-us, where the run begins`:                                                                                                       {Until: "staging", From: "production-us", Released: true},
		`--from release: production-eu waits for an approval: give --approve production-eu`:                                                                                          {From: "production-eu", Released: true},
	} {
		_, err := Choose(three, w)
		require.EqualError(t, err, want)
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	}
	_, err := One(nil, "staging")
	require.EqualError(t, err, "--environment staging: .slipway.yaml describes no environments")
	_, err = One(three, "")
	require.EqualError(t, err, "--environment: missing; give one of staging, production-eu, production-us")
}
