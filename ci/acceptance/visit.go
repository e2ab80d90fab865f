package acceptance

import (
	"context"

	"github.com/slipway-cd/slipway/ci/testrun"
)

// Visit calls a function with where production is reached, as its tests are: at an address, through the Service of one that has
// none outside, or nowhere.
func (t Tester) Visit(ctx context.Context, visit func(context.Context, testrun.Place) error) error {
	at := testrun.Place{Stage: t.Stage, Version: t.Version, Health: t.Front.Health}
	switch {
	case t.Front.Service == "":
		return visit(ctx, at)
	case !t.Front.Public && t.said().url == "":
		return t.throughService(ctx, at, visit)
	}
	address, err := t.findAddress(ctx)
	if err != nil {
		return err
	}
	at.Address = address.base
	return t.throughAddress(ctx, address, at, visit)
}
