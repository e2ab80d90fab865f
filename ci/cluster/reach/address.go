// Package reach finds the addresses at which users reach what was deployed, and forwards
// a port to its pods where there is none. Of what answers there it knows the version alone, if
// the application tells it.
package reach

import (
	"context"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
)

// Address is where users reach an application.
type Address struct {
	URL     string // scheme, host and, where it is not the scheme's own, port: http://10.0.0.7
	Dial    string // IP or name to connect to in place of the URL's host; empty where the URL says it all
	FoundBy string // how it was found: "Ingress go-demo/api, ip in its status"

	guessed bool // nobody published it: that something answers there says little
}

// Wanted is what an address is looked for.
type Wanted struct {
	Objects []*unstructured.Unstructured // among which is what leads to the Service
	Service string
	Port    int    // of the Service
	Path    string // that is answered with 2xx
	URL     string // the address, where somebody has said it; nothing else is looked at then
	SaidBy  string // who: "--address"
	Dialled bool   // the URL says where to connect, not which host to ask for
	Health  string // the end of Path that is asked below a route's own path, too, which its controller may cut off; or empty

	VersionPath string // where Path has Health, what answers with the version; empty: nothing does
	Version     string // that must be in that answer

	Again bool // it was found before: nobody need be given time to publish it

	Progress func(object, state string) // if not nil, hears what came back last while that lasts
}

// AddressesOf finds all addresses at which users reach a Service at a path, and returns
// them once GET URL+path was answered with 2xx three times in a row at each, for an address
// in a status alone says nothing yet. What leads to the Service is, in this order: HTTPRoute
// and GRPCRoute, Ingress, OpenShift's Route, and only without any of these an address of the
// Service itself. What publishes addresses is watched; only the probe itself is repeated.
// The error at the deadline of ctx is NoAddress and says what was tried.
func AddressesOf(ctx context.Context, c *cluster.Cluster, w Wanted) ([]Address, error) {
	entrances := entrancesTo(w)
	if len(entrances) == 0 {
		return nil, &cluster.Error{Class: cluster.NoAddress, Cause: "nothing among the objects leads users to Service " + w.Service + " at " + w.Path,
			Try: "add an Ingress or an HTTPRoute to the overlay, or say address in the description of the application"}
	}
	var found []Address
	for _, e := range entrances {
		address, err := e.answers(ctx, c, w)
		if err != nil {
			return nil, err
		}
		found = append(found, address)
	}
	return found, nil
}

// answers waits until one of the addresses of the entrance is answered.
func (e entrance) answers(ctx context.Context, c *cluster.Cluster, wanted Wanted) (found Address, err error) {
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	if err := e.follow(inner, w); err != nil {
		return Address{}, err
	}
	telling := informer.Tell(e.name, wanted.Progress)
	defer func() { telling.End(readyUnless(err)) }()
	last := attempt{lacks: "no address"}
	paths := e.paths(wanted)
	var guessed []place
	refused := "" // to guess
	var late <-chan time.Time
	if e.mayBeGuessed() {
		patience := publishTime
		if wanted.Again {
			patience = 0
		}
		late = time.After(patience)
	}
	for {
		places, lacks, err := e.places()
		if err != nil {
			return Address{}, cluster.FromAPI(ctx, e.name, "find its address", err)
		}
		if len(places) == 0 {
			last.lacks = lacks + refused
			telling.Is(lacks)
			places = guessed
		}
		if addresses := e.addresses(places); len(addresses) > 0 {
			by, tried, err := answers(ctx, w.Changed, probesOf(c, addresses, paths, wanted), last.answers, telling.Is)
			if err == nil {
				return addresses[by/len(paths)], nil
			}
			if tried != nil {
				last.addresses, last.answers = addresses, tried
			}
			if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-w.Changed:
		case <-late:
			if guessed, err = guesses(ctx, c, e); err != nil {
				refused = ", and these credentials may not look for its controller: " + cluster.OneLine(err.Error())
			}
		case <-ctx.Done():
			return Address{}, noAddress(ctx, c, e, last)
		}
	}
}

// readyUnless is the last state of what was waited for.
func readyUnless(err error) string {
	if err != nil {
		return ""
	}
	return "ready"
}

// paths are those of which one must be answered.
func (e entrance) paths(w Wanted) []string {
	if own := e.route.Base() + w.Health; w.Health != "" && e.object != nil && own != w.Path {
		return []string{w.Path, own}
	}
	return []string{w.Path}
}

func probesOf(c *cluster.Cluster, addresses []Address, paths []string, w Wanted) (probes []probe) {
	for _, a := range addresses {
		for _, path := range paths {
			p := newProbe(dialerOf(c), a.URL+path, a.Dial)
			p.guessed = a.guessed || len(paths) > 1
			if w.VersionPath != "" {
				p.versionURL, p.version = a.URL+strings.TrimSuffix(path, w.Health)+w.VersionPath, w.Version
			}
			probes = append(probes, p)
		}
	}
	return probes
}
