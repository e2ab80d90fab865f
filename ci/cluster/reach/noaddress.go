package reach

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// attempt is what was tried last, and what came back.
type attempt struct {
	lacks     string // of the object, while it had no address
	addresses []Address
	answers   []answer // of the first addresses, at least of one
}

// noAddress is the error when no address answered until ctx was over.
func noAddress(ctx context.Context, c *cluster.Cluster, e entrance, last attempt) error {
	if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("%s: find its address: %w", e.name, context.Cause(ctx))
	}
	failed := &cluster.Error{Class: cluster.NoAddress, Object: e.name, Err: context.DeadlineExceeded,
		Cause: "no address answered in time: " + last.lacks, Try: e.try()}
	if last.addresses != nil {
		failed.Cause, failed.Try = "no address answered in time: "+textOf(last.answers), last.try()
	}
	failed.Evidence = e.warning(ctx, c)
	return failed
}

// try says what to do about an object that has no address.
func (e entrance) try() string {
	switch e.publisher.(type) {
	case *ingress:
		return "check that an ingress controller serves its class; where it publishes no address, say where it is: --address URL, or address in the description of the application"
	case *gateways:
		return "check that the Gateway is there, takes routes of this namespace, and has an address"
	case *openShift:
		return "check that a router selects its namespace and labels, and that no other Route has its host"
	case *loadBalancer:
		return "check that the cluster has a controller for Services of type LoadBalancer and that it may make one more"
	}
	return "check that a node is ready"
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
	case a.addresses[0].guessed:
		return "its controller publishes no address, and those that were tried are not it: say where it is, --address URL, or address in the description of the application"
	case answer.answered:
		return fmt.Sprintf("something answers at %s, which the controller published: check that it has taken these rules, and health in the description of the application", published)
	case answer.unresolved == "":
		return fmt.Sprintf("check that %s, which the controller published, can be reached from here", published)
	case answer.unresolved == published:
		return fmt.Sprintf("the controller published %s, a name that does not resolve here: check its DNS record, or the resolver of this machine", published)
	}
	return fmt.Sprintf("the controller published %s, which cannot be reached from here, and the name %s does not resolve: make a DNS record that leads it to where users get in", published, host)
}
