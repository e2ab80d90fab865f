package acceptance

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// entrance is an address that answers, and the application's base URL there.
type entrance struct {
	reach.Address
	base string

	path   string          // of base
	others []reach.Address // that answer, too
}

// said is an address that somebody has said, and where.
type said struct {
	url, by string
	dialled bool // it says where to connect, not which host to ask for
}

// said returns what is said of a stage: --address, else the description's.
func (t Tester) said() said {
	switch {
	case t.Address != "":
		return said{t.Address, "--address", t.Stage == "functional"}
	case t.Stage == "functional":
		url := t.App.Address.Functional
		return said{strings.ReplaceAll(url, "{run}", t.Tests.Run), "address.functional", !strings.Contains(url, "{run}")}
	}
	return said{t.App.Address.Production, "address.production", false}
}

// wanted is what an address of a stage is looked for. A path that is said takes the place
// of the base path of the objects.
func (t Tester) wanted() (w reach.Wanted, base string) {
	base = t.Front.Path
	w = reach.Wanted{Objects: t.Objects, Service: t.Front.Service, Port: t.Front.Port}
	if said := t.said(); said.url != "" {
		w.URL, w.SaidBy, w.Dialled = said.url, said.by, said.dialled
		if at, err := url.Parse(said.url); err == nil && strings.Trim(at.Path, "/") != "" {
			base = strings.TrimRight(at.Path, "/")
		}
	}
	w.Path, w.Health = base+t.Front.Health, t.Front.Health
	w.VersionPath, w.Version = t.App.VersionPath, t.Version
	return w, base
}

// findAddress finds the addresses at which users reach the application, all of which must
// answer, and returns the first one: that where the tests run.
func (t Tester) findAddress(ctx context.Context) (entrance, error) {
	t.Tests.Journal.Note(t.Stage, "find the address")
	defer t.Tests.Journal.WaitTime()()
	return t.search(ctx)
}

// search is findAddress beside something else.
func (t Tester) search(ctx context.Context) (entrance, error) {
	wanted, base := t.wanted()
	wanted.Progress = t.Tests.Journal.Tell(ctx, t.Stage)
	defer t.AtWork.During(func(ctx context.Context) string { return reach.AtWork(ctx, t.In, wanted) })()
	found, err := reach.AddressesOf(ctx, t.In, wanted)
	if err != nil {
		return entrance{}, err
	}
	return entrance{found[0], found[0].URL + base, base, found[1:]}, nil
}

// testOutside tests at an address that was found. Where a container would not get there, for
// DNS does not know its name or it means this machine itself, this process carries it there.
func (t Tester) testOutside(ctx context.Context, address entrance, suites []description.Suite, at testrun.Place) error {
	return t.throughAddress(ctx, address, at, func(ctx context.Context, at testrun.Place) error { return t.Tests.RunSuites(ctx, suites, at) })
}

// throughAddress calls a function with the place where containers reach the address so.
func (t Tester) throughAddress(ctx context.Context, address entrance, at testrun.Place, visit func(context.Context, testrun.Place) error) error {
	relay, err := reach.RelayTo(ctx, t.In, address.Address)
	if err != nil {
		return err
	}
	defer relay.Close()
	for _, other := range address.others {
		t.Found(t.Stage, other.URL+address.path, other.FoundBy+"; it answers, tests run at the first")
	}
	found := address.FoundBy
	if relay != nil {
		at.Names = append(at.Names, testrun.Name{Host: relay.Host, At: t.Tests.Builder.Engine.Tunnel(dagger.PortForward{Backend: relay.LocalPort, Frontend: relay.Port})})
		if relay.URL != address.URL {
			at.Address = relay.URL + strings.TrimPrefix(address.base, address.URL)
			found += ", for the tests' containers " + relay.URL + " through this process"
		}
	}
	t.Found(at.Stage, address.base, found)
	return visit(ctx, at)
}

// stillServed checks once more the addresses behind objects that were changed: until now
// their controller may have routed by the former rules, and nothing says when it reads the new ones.
func (t Tester) stillServed(ctx context.Context) error {
	defer t.Tests.Journal.WaitTime()()
	select {
	case <-time.After(answerTime):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return t.answers(ctx)
}

// answerTime limits how long an address may take to answer again after tests failed there.
const answerTime = 3 * time.Second

// answers returns an error unless all addresses answer within a moment.
func (t Tester) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	wanted, _ := t.wanted()
	wanted.Again = true
	_, err := reach.AddressesOf(ctx, t.In, wanted)
	return err
}

// unlessGone returns why tests failed: if an address no longer answers, that, else the
// tests' own error. A controller may route by an object's former rules for a moment.
func (t Tester) unlessGone(ctx context.Context, failed error) error {
	if failed == nil || ctx.Err() != nil {
		return failed
	}
	defer t.Tests.Journal.WaitTime()()
	err := t.answers(ctx)
	if gone := (*cluster.Error)(nil); errors.As(err, &gone) && gone.Class == cluster.NoAddress {
		return err
	}
	return failed
}
