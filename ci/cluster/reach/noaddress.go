package reach

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// unpublished is what an Ingress lacks that no controller has taken.
const unpublished = "it has no address in its status"

// attempt is what was tried last, and what came back.
type attempt struct {
	addresses []Address
	answers   []answer // of the first addresses, at least of one
}

// noAddress is the error when no address answered until ctx was over.
func noAddress(ctx context.Context, object string, last attempt) error {
	if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("%s: find its address: %w", object, context.Cause(ctx))
	}
	failed := &cluster.Error{Class: cluster.NoAddress, Object: object, Err: context.DeadlineExceeded,
		Cause: "no address answered in time: " + unpublished, Try: "check that an ingress controller serves its class and publishes an address"}
	if last.addresses != nil {
		failed.Cause, failed.Try = "no address answered in time: "+textOf(last.answers), last.try()
	}
	return failed
}

// try says what to do: each kind of answer has somebody else to be asked.
func (a attempt) try() string {
	host := a.addresses[0].URL
	if at, err := url.Parse(host); err == nil {
		host = at.Hostname()
	}
	published, answer := a.addresses[0].Dial, a.answers[len(a.answers)-1]
	if published == "" {
		published = host
	}
	switch {
	case answer.answered:
		return fmt.Sprintf("something answers at %s, which the controller published: check that it has taken these rules, and health in the description of the application", published)
	case answer.unresolved == "":
		return fmt.Sprintf("check that %s, which the controller published, can be reached from here", published)
	case answer.unresolved == published:
		return fmt.Sprintf("the controller published %s, a name that does not resolve here: check its DNS record, or the resolver of this machine", published)
	}
	return fmt.Sprintf("the controller published %s, which cannot be reached from here, and the name %s does not resolve: make a DNS record that leads it to where users get in", published, host)
}
