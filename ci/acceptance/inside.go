package acceptance

import (
	"context"
	"fmt"
	"time"

	"dagger.io/dagger"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/reach"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// servedTime is how long a Service may be without a ready pod once all objects are out,
// unless its pods are made by what is none of them.
const servedTime = time.Minute

// testService tests through a port of this process that is forwarded to the Service,
// which works with any cluster network.
func (t Tester) testService(ctx context.Context, suites []description.Suite, at testrun.Place) error {
	return t.throughService(ctx, at, func(ctx context.Context, at testrun.Place) error { return t.Tests.RunSuites(ctx, suites, at) })
}

// throughService calls a function with the place where containers reach the Service so.
func (t Tester) throughService(ctx context.Context, at testrun.Place, visit func(context.Context, testrun.Place) error) error {
	forward, err := t.forward(ctx, t.Front.Service, t.Front.Port)
	if err != nil {
		return err
	}
	defer forward.Close()
	base := t.Front.Path
	if !t.Front.Public && base != "" && !forward.Serves(ctx, base+t.Front.Health) && forward.Serves(ctx, t.Front.Health) {
		base = "" // it is the controller, which is not asked here, that puts it below a path
	}
	at.Address = fmt.Sprintf("http://%s:%d%s", t.Front.Name, t.Front.Port, base)
	at.Names = append(at.Names, testrun.Name{Host: t.Front.Name, At: t.Tests.Builder.Engine.Tunnel(dagger.PortForward{Backend: forward.LocalPort, Frontend: t.Front.Port})})
	at.Ask = func(ctx context.Context) error {
		return forward.Answers(ctx, base+t.Front.Health, t.Tests.Journal.Tell(ctx, at.Stage))
	}
	t.Found(at.Stage, at.Address, "port-forward to Service "+namespaceOf(t.Objects, t.Front.Service)+"/"+t.Front.Service)
	return visit(ctx, at)
}

// forward opens a port of this process to a Service.
func (t Tester) forward(ctx context.Context, service string, port int) (*reach.Forward, error) {
	finding, cancel := ctx, func() {}
	if !rollout.MadeByOthers(t.Objects) {
		finding, cancel = context.WithTimeout(ctx, servedTime)
	}
	defer cancel()
	return reach.ForwardTo(finding, t.In, namespaceOf(t.Objects, service), service, port, t.Tests.Journal.Tell(ctx, t.Stage))
}

// beside makes the other Services of the beta known to its tests by their plain names.
// What it returns closes their ports again.
func (t Tester) beside(ctx context.Context) (names []testrun.Name, closeAll func(), err error) {
	var open []*reach.Forward
	closeAll = func() {
		for _, forward := range open {
			forward.Close()
		}
	}
	for _, service := range t.Beside {
		forward, err := t.forward(ctx, service.Name+t.Suffix, service.Port)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		open = append(open, forward)
		names = append(names, testrun.Name{Host: service.Name, At: t.Tests.Builder.Engine.Tunnel(dagger.PortForward{Backend: forward.LocalPort, Frontend: service.Port})})
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
