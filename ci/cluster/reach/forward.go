package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// lookTime is how long it may take to find out why there is no ready pod.
const lookTime = 5 * time.Second

// noPod is what a Service lacks that leads nowhere.
const noPod = "no pod behind it is ready"

// Forward is a local port that leads to one pod of a Service.
type Forward struct {
	LocalPort int    // on 127.0.0.1
	Pod       string // the pod it leads to
	port      int32  // of that pod
	namespace string
	stop      context.CancelFunc
	ended     chan struct{}
}

// ForwardTo opens a port on 127.0.0.1 that leads to a ready pod behind a port of a
// Service, through the API server, so that it works wherever the API server is
// reached. It watches until a pod is ready; the error at the deadline of ctx is
// NoAddress. progress, if not nil, hears what it waits for while that lasts. The
// forward lasts until Close, even when ctx ends.
func ForwardTo(ctx context.Context, c *cluster.Cluster, namespace, service string, port int, progress func(object, state string)) (*Forward, error) {
	object := managed.Name("Service", namespace, service)
	found, err := c.Typed.CoreV1().Services(namespace).Get(ctx, service, metav1.GetOptions{})
	if err != nil {
		return nil, cluster.FromAPI(ctx, object, "read", err)
	}
	at := slices.IndexFunc(found.Spec.Ports, func(p corev1.ServicePort) bool { return int(p.Port) == port })
	if at < 0 {
		return nil, &cluster.Error{Class: cluster.Misconfigured, Object: object, Cause: fmt.Sprintf("has no port %d", port)}
	}
	telling := informer.Tell(object, progress)
	telling.Is(noPod)
	pod, target, err := readyEndpoint(ctx, c, namespace, service, found.Spec.Ports[at].Name)
	telling.End(readyUnless(err))
	if known := (*cluster.Error)(nil); errors.As(err, &known) && known.Class == cluster.NoAddress && selectsNone(ctx, c, found) {
		known.Cause = "no pod matches its selector " + labels.Set(found.Spec.Selector).String()
		known.Try = "correct its selector, or the labels of the pod template"
	}
	if err != nil {
		return nil, err
	}
	forward, err := forward(ctx, c, namespace, pod, target)
	if err != nil {
		return nil, cluster.FromAPI(ctx, managed.Name("Pod", namespace, pod), "forward a port", err)
	}
	return forward, nil
}

// Answers returns nil once a path behind the forwarded port is answered with 2xx; the
// error at the deadline of ctx is NoAddress. progress is that of ForwardTo.
func (f *Forward) Answers(ctx context.Context, path string, progress func(object, state string)) error {
	telling := informer.Tell(managed.Name("Pod", f.namespace, f.Pod), progress)
	_, tried, err := answers(ctx, nil, []probe{f.probe(path)}, nil, telling.Is)
	telling.End(readyUnless(err))
	if err == nil {
		return nil
	}
	out := &cluster.Error{Class: cluster.NoAddress, Object: "Pod " + f.Pod, Cause: "does not answer in time: " + textOf(tried), Err: context.Cause(ctx),
		Try: "check health in the description of the application, and what the application waits for"}
	if strings.Contains(out.Cause, "connection refused") || strings.Contains(out.Cause, "EOF") {
		out.Cause = fmt.Sprintf("nothing answers on its port %d, to which the Service leads", f.port)
		out.Try = "check which port the application listens on, and that it listens on all addresses of its pod"
	}
	return out
}

// Serves reports whether a path behind the forwarded port is answered with 2xx now.
func (f *Forward) Serves(ctx context.Context, path string) bool {
	return f.probe(path).ask(ctx).text == ""
}

func (f *Forward) probe(path string) probe {
	return newProbe((&net.Dialer{}).DialContext, fmt.Sprintf("http://127.0.0.1:%d%s", f.LocalPort, path), "")
}

// readyEndpoint waits for a ready pod of the Service and returns it with the
// container port that the Service's port leads to.
func readyEndpoint(ctx context.Context, c *cluster.Cluster, namespace, service, portName string) (pod string, port int32, err error) {
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	object := managed.Name("Service", namespace, service)
	i, err := w.Follow(inner, cluster.EndpointSlices, namespace, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service})
	if err != nil {
		return "", 0, err
	}
	for {
		synced, err := i.Ready()
		if err != nil {
			return "", 0, cluster.FromAPI(ctx, object, "watch its endpoints", err)
		}
		if synced {
			if pod, port := readyPod(informer.ListOf[*discoveryv1.EndpointSlice](i.List()), portName); pod != "" {
				return pod, port, nil
			}
		}
		select {
		case <-w.Changed:
		case <-ctx.Done():
			failed := informer.Ended(ctx, object, noPod)
			if timeout, ok := failed.(*cluster.Error); ok {
				timeout.Class = cluster.NoAddress
			}
			return "", 0, failed
		}
	}
}

// selectsNone reports whether there is no pod for a Service, ready or not; ctx may be over.
func selectsNone(ctx context.Context, c *cluster.Cluster, service *corev1.Service) bool {
	if len(service.Spec.Selector) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	pods, err := c.Typed.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.Set(service.Spec.Selector).String(), Limit: 1})
	return err == nil && len(pods.Items) == 0
}

// readyPod picks a ready pod and the number of the named port in its slice.
func readyPod(slices []*discoveryv1.EndpointSlice, portName string) (string, int32) {
	for _, slice := range slices {
		for _, port := range slice.Ports {
			if ptr.Deref(port.Name, "") != portName || port.Port == nil {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.TargetRef != nil && endpoint.TargetRef.Kind == "Pod" && ptr.Deref(endpoint.Conditions.Ready, true) {
					return endpoint.TargetRef.Name, *port.Port
				}
			}
		}
	}
	return "", 0
}

func forward(ctx context.Context, c *cluster.Cluster, namespace, pod string, port int32) (*Forward, error) {
	dialer, err := podDialer(c, namespace, pod)
	if err != nil {
		return nil, err
	}
	quiet, stop := context.WithCancel(informer.Quietly(context.WithoutCancel(ctx)))
	ready, failed, over := make(chan struct{}), make(chan error, 1), make(chan struct{})
	forwarder, err := portforward.NewOnAddressesWithContext(quiet, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, ready, io.Discard, io.Discard)
	if err != nil {
		stop()
		return nil, err
	}
	go func() {
		defer close(over)
		failed <- forwarder.ForwardPorts()
	}()
	out := &Forward{Pod: pod, port: port, namespace: namespace, stop: stop, ended: over}
	select {
	case <-ready:
	case err = <-failed:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		var ports []portforward.ForwardedPort
		if ports, err = forwarder.GetPorts(); err == nil {
			out.LocalPort = int(ports[0].Local)
			return out, nil
		}
	}
	stop() // a dial under way cannot be waited for
	return nil, err
}

// Close ends the forward and returns when its port is free again.
func (f *Forward) Close() {
	f.stop()
	<-f.ended
}
