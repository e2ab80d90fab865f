package pipeline

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"dagger.io/dagger"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// entrance is an address that answers, and the application's base URL there.
type entrance struct {
	reach.Address
	base string
}

// said is an address that somebody has said, and where.
type said struct {
	url, by string
	dialled bool // it says where to connect, not which host to ask for
}

// said returns what is said of a stage: --address, else the description's.
func (r *Run) said(stage string) said {
	switch {
	case r.opts.Address != "":
		return said{r.opts.Address, "--address", stage == "functional"}
	case stage == "functional":
		url := r.app.Address.Functional
		return said{strings.ReplaceAll(url, "{run}", r.opts.Run), "address.functional", !strings.Contains(url, "{run}")}
	}
	return said{r.app.Address.Production, "address.production", false}
}

// wanted is what an address of a stage is looked for. A path that is said takes the place
// of the base path of the objects.
func (r *Run) wanted(stage string, objects []*unstructured.Unstructured, reached front.Front) (w reach.Wanted, base string) {
	base = reached.Path
	w = reach.Wanted{Objects: objects, Service: reached.Service, Port: reached.Port}
	if said := r.said(stage); said.url != "" {
		w.URL, w.SaidBy, w.Dialled = said.url, said.by, said.dialled
		if at, err := url.Parse(said.url); err == nil && strings.Trim(at.Path, "/") != "" {
			base = strings.TrimRight(at.Path, "/")
		}
	}
	w.Path, w.Health = base+reached.Health, reached.Health
	return w, base
}

// findAddress finds the addresses at which users reach the application, all of which must
// answer, and returns the first one: that where the tests run.
func (r *Run) findAddress(ctx context.Context, in *cluster.Cluster, stage string, objects []*unstructured.Unstructured, reached front.Front) (entrance, error) {
	r.note(stage, "find the address")
	defer r.journal.WaitTime()()
	return r.search(ctx, in, stage, objects, reached)
}

// search is findAddress beside something else.
func (r *Run) search(ctx context.Context, in *cluster.Cluster, stage string, objects []*unstructured.Unstructured, reached front.Front) (entrance, error) {
	wanted, base := r.wanted(stage, objects, reached)
	wanted.Progress = r.journal.Tell(ctx, stage)
	defer r.atWork.During(func(ctx context.Context) string { return reach.AtWork(ctx, in, wanted) })()
	found, err := reach.AddressesOf(ctx, in, wanted)
	if err != nil {
		return entrance{}, err
	}
	for _, other := range found[1:] {
		r.address(stage, other.URL+base, other.FoundBy+"; it answers, tests run at the first")
	}
	return entrance{found[0], found[0].URL + base}, nil
}

// testOutside tests at an address that was found. Where a container would not get there, for
// DNS does not know its name or it means this machine itself, this process carries it there.
func (r *Run) testOutside(ctx context.Context, in *cluster.Cluster, address entrance, suites []description.Suite, at testrun.Place) error {
	relay, err := reach.RelayTo(ctx, in, address.Address)
	if err != nil {
		return err
	}
	defer relay.Close()
	found := address.FoundBy
	if relay != nil {
		at.Names = append(at.Names, testrun.Name{Host: relay.Host, At: r.env.Engine.Tunnel(dagger.PortForward{Backend: relay.LocalPort, Frontend: relay.Port})})
		if relay.URL != address.URL {
			at.Address = relay.URL + strings.TrimPrefix(address.base, address.URL)
			found += ", for the tests' containers " + relay.URL + " through this process"
		}
	}
	r.address(at.Stage, address.base, found)
	return r.tests().RunSuites(ctx, suites, at)
}

// stillServed checks once more the addresses behind objects that were changed: until now
// their controller may have routed by the former rules, and nothing says when it reads the new ones.
func (r *Run) stillServed(ctx context.Context, stage string, objects []*unstructured.Unstructured, reached front.Front) error {
	defer r.journal.WaitTime()()
	select {
	case <-time.After(answerTime):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return r.answers(ctx, r.env.Production, stage, objects, reached)
}

// answerTime limits how long an address may take to answer again after tests failed there.
const answerTime = 3 * time.Second

// answers returns an error unless all addresses answer within a moment.
func (r *Run) answers(ctx context.Context, in *cluster.Cluster, stage string, objects []*unstructured.Unstructured, reached front.Front) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	wanted, _ := r.wanted(stage, objects, reached)
	wanted.Again = true
	_, err := reach.AddressesOf(ctx, in, wanted)
	return err
}

// unlessGone returns why tests failed: if an address no longer answers, that, else the
// tests' own error. A controller may route by an object's former rules for a moment.
func (r *Run) unlessGone(ctx context.Context, in *cluster.Cluster, stage string, objects []*unstructured.Unstructured, reached front.Front, failed error) error {
	if failed == nil || ctx.Err() != nil {
		return failed
	}
	defer r.journal.WaitTime()()
	err := r.answers(ctx, in, stage, objects, reached)
	if gone := (*cluster.Error)(nil); errors.As(err, &gone) && gone.Class == cluster.NoAddress {
		return err
	}
	return failed
}
