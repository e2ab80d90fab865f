package pipeline

import (
	"context"
	"fmt"
	"time"

	"dagger.io/dagger"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// servedTime is how long a Service may be without a ready pod once all objects are out,
// unless its pods are made by what is none of them.
const servedTime = time.Minute

// testService tests through a port of this process that is forwarded to the Service,
// which works with any cluster network.
func (r *Run) testService(ctx context.Context, in *cluster.Cluster, objects []*unstructured.Unstructured, suites []description.Suite, reached front.Front, at testrun.Place) error {
	forward, err := r.forward(ctx, in, objects, at.Stage, reached.Service, reached.Port)
	if err != nil {
		return err
	}
	defer forward.Close()
	base := reached.Path
	if !reached.Public && base != "" && !forward.Serves(ctx, base+reached.Health) && forward.Serves(ctx, reached.Health) {
		base = "" // it is the controller, which is not asked here, that puts it below a path
	}
	at.Address = fmt.Sprintf("http://%s:%d%s", reached.Name, reached.Port, base)
	at.Names = append(at.Names, testrun.Name{Host: reached.Name, At: r.env.Engine.Tunnel(dagger.PortForward{Backend: forward.LocalPort, Frontend: reached.Port})})
	at.Ask = func(ctx context.Context) error {
		return forward.Answers(ctx, base+reached.Health, r.journal.Tell(ctx, at.Stage))
	}
	r.address(at.Stage, at.Address, "port-forward to Service "+namespaceOf(objects, reached.Service)+"/"+reached.Service)
	return r.tests().RunSuites(ctx, suites, at)
}

// forward opens a port of this process to a Service.
func (r *Run) forward(ctx context.Context, in *cluster.Cluster, objects []*unstructured.Unstructured, stage, service string, port int) (*reach.Forward, error) {
	finding, cancel := ctx, func() {}
	if !rollout.MadeByOthers(objects) {
		finding, cancel = context.WithTimeout(ctx, servedTime)
	}
	defer cancel()
	return reach.ForwardTo(finding, in, namespaceOf(objects, service), service, port, r.journal.Tell(ctx, stage))
}

// beside makes the other Services of the beta known to its tests by their plain names.
// What it returns closes their ports again.
func (r *Run) beside(ctx context.Context, objects []*unstructured.Unstructured) (names []testrun.Name, closeAll func(), err error) {
	var open []*reach.Forward
	closeAll = func() {
		for _, forward := range open {
			forward.Close()
		}
	}
	services, err := r.overlays().ServicesBeside(objects)
	if err != nil {
		return nil, nil, err
	}
	for _, service := range services {
		forward, err := r.forward(ctx, r.env.Build, objects, "functional", service.Name+r.overlays().Suffix(), service.Port)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		open = append(open, forward)
		names = append(names, testrun.Name{Host: service.Name, At: r.env.Engine.Tunnel(dagger.PortForward{Backend: forward.LocalPort, Frontend: service.Port})})
	}
	return names, closeAll, nil
}

// namespaceOf is where a Service is; all objects of a run that are in a namespace are in the same.
func namespaceOf(objects []*unstructured.Unstructured, service string) string {
	for _, object := range objects {
		if object.GetKind() == "Service" && object.GetName() == service {
			return object.GetNamespace()
		}
	}
	for _, object := range objects {
		if object.GetNamespace() != "" {
			return object.GetNamespace()
		}
	}
	return ""
}
