package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// waitReady waits for all parts to serve; it returns stuckErrors when some do
// not, all of them, so that one repair mends all.
func (s *Sandbox) waitReady(ctx context.Context, d *docker, f *flavour, at *Coordinates, patience map[string]time.Duration) error {
	found, err := d.inspect(ctx)
	if err != nil {
		return err
	}
	all := s.questions(d, at, found)
	if f.bare {
		all = append(all, question{nodeName, func(ctx context.Context) error { return addClasses(ctx, at.Kubeconfig) }})
	}
	answers := make([]stuckErrors, len(all))
	var group sync.WaitGroup
	for i, q := range all {
		group.Go(func() { answers[i] = until(ctx, q.container, patience[q.container], q.ask) })
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return slices.Concat(answers...).orNil()
}

// stuckErrors tell what runs and does not serve.
type stuckErrors []stuckError

type stuckError struct {
	container string
	after     time.Duration
	cause     error
}

func (e stuckErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

func (e stuckErrors) Error() string {
	var lines []string
	for _, one := range e {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

func (e stuckError) String() string {
	return fmt.Sprintf("%s is not ready after %s: %v; `docker logs %s` may tell why", e.container, e.after, e.cause, e.container)
}

// until asks again every tenth of a second; what is asked cannot be watched
// before it serves. After a time it gives up; it ends with ctx, too.
func until(ctx context.Context, container string, patience time.Duration, ask func(ctx context.Context) error) stuckErrors {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last := errors.New("not asked yet")
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return stuckErrors{{container, patience, last}}
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// askHTTP expects a status, or any answer at all for 0.
func askHTTP(ctx context.Context, url string, status int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if status != 0 && response.StatusCode != status {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

func engineReady(ctx context.Context, d *docker) error {
	_, err := d.run(ctx, "exec", engineName, "test", "-S", "/run/dagger/engine.sock")
	return err
}

func client(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Timeout = 5 * time.Second
	config.WarningHandler = rest.NoWarnings{} // what is asked here need not be told what is deprecated
	return kubernetes.NewForConfig(config)
}

// nodeReady tells whether the node is Ready and its kubelet has said so since
// the container was started: until then the former kubelet's word still stands.
func nodeReady(ctx context.Context, kubeconfig string, started time.Time) error {
	c, err := client(kubeconfig)
	if err != nil {
		return err
	}
	node, err := c.CoreV1().Nodes().Get(ctx, "node", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		switch {
		case condition.Type != corev1.NodeReady:
		case condition.LastHeartbeatTime.Time.Before(started.Truncate(time.Second)): // it knows whole seconds
			return errors.New("the kubelet has not started yet")
		case condition.Status == corev1.ConditionTrue:
			return nil
		}
	}
	return errors.New("the node is not Ready")
}
