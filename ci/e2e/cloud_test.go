package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// TestACloudThatIsAtWorkIsWaitedFor beyond a stage's time: its controller says so in events. It
// is one for a class of load balancers that nobody else serves.
func TestACloudThatIsAtWorkIsWaitedFor(t *testing.T) {
	const takes = 25 * time.Second
	e := newExampleIn(t, "cloud", "host")
	e.r.server().begin()
	e.r.edit(".slipway.yaml", "betas:\n  host: \"{run}.{host}\"\n", "betas:\n  service: true\n")
	e.r.edit(".slipway.yaml", "versionPath: /version\n", "versionPath: /version\naddress: {production: \"http://"+e.node(t)+":18081\"}\n")
	content := "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: LoadBalancer, loadBalancerClass: slipway.test/slow, selector: {app: web}, externalIPs: [" + e.node(t) +
		"], ports: [{name: http, port: 18081, targetPort: http}]}}\n"
	e.r.inFront(content)
	built := e.pipeline(t, e.r, e.n, "--until", "build")
	require.Equal(t, 0, built.code, built.stdout+built.stderr)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for _, in := range []struct {
		namespace string
		takes     time.Duration
	}{{e.n.build, 0}, {e.n.production, takes}} {
		services, err := e.typed.CoreV1().Services(in.namespace).Watch(ctx, metav1.ListOptions{})
		require.NoError(t, err)
		go func() {
			for event := range services.ResultChan() {
				if service, ok := event.Object.(*corev1.Service); ok && event.Type == watch.Added && service.Spec.LoadBalancerClass != nil {
					go e.provision(ctx, t, service, in.takes)
				}
			}
		}()
	}
	done := e.pipeline(t, e.r, e.n, "--stage-timeout", "15s")
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	deploy := done.stage(t, "deploy")
	require.Greater(t, deploy.Seconds, takes.Seconds())
	require.Contains(t, done.stdout, "deploy: goes on, though --stage-timeout")
	require.Contains(t, done.stdout, "Service "+e.n.production+"/web: EnsuringLoadBalancer: still at it")
}

// provision is what a cloud's controller does for a Service: it says that it is at work, and
// publishes an address in the end.
func (e *example) provision(ctx context.Context, t *testing.T, service *corev1.Service, takes time.Duration) {
	now := metav1.Now()
	_, err := e.typed.CoreV1().Events(service.Namespace).Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: "cloud-"},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: service.Namespace, Name: service.Name, UID: service.UID},
		Type:           corev1.EventTypeNormal, Reason: "EnsuringLoadBalancer", Message: "still at it", FirstTimestamp: now, LastTimestamp: now,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Log(err)
		return
	}
	select {
	case <-time.After(takes): // this is how long it takes
	case <-ctx.Done():
		return
	}
	status := `{"status": {"loadBalancer": {"ingress": [{"ip": "` + strings.TrimSpace(e.node(t)) + `"}]}}}`
	_, err = e.typed.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Log(err)
	}
}
