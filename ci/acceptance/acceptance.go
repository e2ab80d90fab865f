// Package acceptance tests a version that is deployed, where it is reached: through a forwarded port of its Service, and at the
// addresses outside, which it finds. It does not know how the version was deployed, nor what follows from a failure.
package acceptance

import (
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/deadline"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// Tester tests one version in one place.
type Tester struct {
	App     description.Application
	Address string // --address, empty where it is not given

	In      *cluster.Cluster
	Stage   string
	Version string
	Objects []*unstructured.Unstructured
	Front   front.Front // what is reached of the objects

	// Beside are the other Services of a beta that its tests reach, each with its port, and Suffix ends their names.
	Beside []description.Service
	Suffix string

	Tests  testrun.Runner
	AtWork *deadline.AtWork                 // takes whom it waits for
	Found  func(stage, url, foundBy string) // takes each address
}

// Beta finds the beta's two addresses in parallel and tests one after the other.
func (t Tester) Beta(ctx context.Context) error {
	beside, closeAll, err := t.beside(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	at := testrun.Place{Stage: t.Stage, Version: t.Version, Health: t.Front.Health, Code: exit.Functional, Names: beside}
	if t.Front.Service == "" {
		return t.Tests.RunSuites(ctx, t.App.Tests.Functional, at)
	}
	var external entrance
	var finding errgroup.Group
	search, stop := context.WithCancel(ctx)
	defer func() { // of a search that nobody waits for any more, the next stage must not hear
		stop()
		_ = finding.Wait()
	}()
	if t.Front.Public {
		finding.Go(func() (err error) {
			external, err = t.search(search)
			return err
		})
	}
	if err := t.testService(ctx, t.App.Tests.Functional, at); err != nil || !t.Front.Public {
		return err
	}
	t.Tests.Journal.Note(t.Stage, "find the external address")
	found := t.Tests.Journal.WaitTime()
	err = finding.Wait()
	found()
	if err != nil {
		return err
	}
	at.Address = external.base
	err = t.testOutside(ctx, external, t.App.Tests.Functional, at)
	return t.unlessGone(ctx, err)
}

// Production tests production where its objects say that users reach it, and returns how
// it was judged: at an address, at the Service of one that has none outside, or by its objects.
// Where what leads users there was rerouted, its addresses are asked once more after the tests.
func (t Tester) Production(ctx context.Context, rerouted bool) (string, error) {
	suites := t.App.Tests.Production
	at := testrun.Place{Stage: t.Stage, Version: t.Version, Health: t.Front.Health, Code: exit.Production}
	untested := ""
	if len(suites) == 0 {
		untested = ", not tested but for its health"
	}
	switch {
	case t.Front.Service == "":
		return "with its objects ready; it has no Service to ask", t.Tests.RunSuites(ctx, suites, at)
	case !t.Front.Public && t.said().url == "":
		return "at Service " + t.Front.Service + ", no address is public" + untested, t.testService(ctx, suites, at)
	}
	address, err := t.findAddress(ctx)
	if err != nil {
		return "", err
	}
	at.Address = address.base
	err = t.testOutside(ctx, address, suites, at)
	if err == nil && rerouted {
		err = t.stillServed(ctx)
	}
	return "at " + at.Address + untested, t.unlessGone(ctx, err)
}
