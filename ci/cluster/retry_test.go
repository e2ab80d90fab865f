package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// script answers requests with what it holds, in turn: a status, or an error
// before (dial) or after (lost) the request was sent.
type script struct {
	steps []any
	heard []string // method and body of each request that was sent
}

var errLost = io.ErrUnexpectedEOF

func (s *script) RoundTrip(request *http.Request) (*http.Response, error) {
	step := s.steps[0]
	s.steps = s.steps[1:]
	if err, ok := step.(error); ok && !errors.Is(err, errLost) {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(request.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	body := []byte{}
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
	}
	s.heard = append(s.heard, request.Method+" "+string(body))
	if err, ok := step.(error); ok {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(step.(int))
	return recorder.Result(), nil
}

func TestOnlyWhatCannotHaveAnEffectTwiceIsRepeated(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for name, test := range map[string]struct {
		method, contentType string
		steps               []any
		sent                int
		lost                bool
	}{
		"a POST that was never sent":          {"POST", "application/json", []any{refused, refused, 201}, 1, false},
		"a POST whose answer was lost":        {"POST", "application/json", []any{errLost}, 1, true},
		"a POST that the server put off":      {"POST", "application/json", []any{429, 201}, 2, false},
		"a POST to a server that is away":     {"POST", "application/json", []any{503}, 1, false},
		"a GET whose answer was lost":         {"GET", "", []any{errLost, errLost, 200}, 3, false},
		"a GET to a server that is away":      {"GET", "", []any{503, 502, 504, 429, 200}, 5, false},
		"an apply whose answer was lost":      {"PATCH", "application/apply-patch+yaml", []any{errLost, 200}, 2, false},
		"a merge patch whose answer was lost": {"PATCH", "application/merge-patch+json", []any{errLost}, 1, true},
		"a DELETE whose answer was lost":      {"DELETE", "application/json", []any{errLost, 404}, 2, false},
		"a PUT whose answer was lost":         {"PUT", "application/json", []any{errLost, 409}, 2, false},
		"a refusal":                           {"GET", "", []any{403}, 1, false},
		"a refusal by a server just started":  {"POST", "application/json", []any{refused, 403, 401, 201}, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{steps: test.steps}
			r := retry{s, &outage{on: true}}
			request, err := http.NewRequestWithContext(within(t, 20*time.Second), test.method, "http://server.example/", bytes.NewReader([]byte("body")))
			require.NoError(t, err)
			request.Header.Set("Content-Type", test.contentType)
			response, err := r.RoundTrip(request)
			if test.lost {
				require.ErrorIs(t, err, errLost)
			} else {
				require.NoError(t, err)
				require.Equal(t, test.steps[len(test.steps)-1], response.StatusCode)
			}
			require.Empty(t, s.steps)
			require.Len(t, s.heard, test.sent)
			for _, heard := range s.heard {
				require.Equal(t, test.method+" body", heard, "the body is sent whole each time")
			}
		})
	}
}

func TestAPathThatIsAwayBehindAServerThatAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	o := &outage{on: true}
	away := retry{roundTrip(func() int { return 503 }), o}
	well := retry{roundTrip(func() int { return 200 }), o}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			request, _ := http.NewRequestWithContext(ctx, "GET", "http://server.example/", nil)
			_, _ = well.RoundTrip(request)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	request, err := http.NewRequestWithContext(within(t, time.Minute), "GET", "http://server.example/apis/metrics.k8s.io", nil)
	require.NoError(t, err)
	start := time.Now()
	response, err := away.RoundTrip(request)
	require.NoError(t, err)
	require.Equal(t, 503, response.StatusCode)
	require.InDelta(t, retryAlone.Seconds(), time.Since(start).Seconds(), 2)
}

type roundTrip func() int

func (r roundTrip) RoundTrip(*http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(r())
	return recorder.Result(), nil
}

func TestAServerThatStaysAwayIsUnreachableAtTheDeadline(t *testing.T) {
	t.Parallel()
	connect(t)
	c, server := throughFaults(t)
	server.gone()
	before := c.Requests()
	ctx := within(t, 2*time.Second)
	_, err := c.typed.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	late := requireClass(t, fromAPI(ctx, "ConfigMap default/x", "read", err), Unreachable)
	require.Regexp(t, `read: the API server gave no answer for 2(\.\d)?s: .*connection refused`, late.Cause)
	require.LessOrEqual(t, c.Requests(), before+1, "only what a connection was had for is a request: at most one, by the old connection")
	server.back()
}

func TestRequestsOutliveACutConnectionAndAServerThatIsGone(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, connect(t))
	c, server := throughFaults(t)
	over := server.goneFor(3 * time.Second)
	wanted := objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: b}}")
	_, err := c.Apply(within(t, 20*time.Second), wanted, ApplyOptions{})
	require.NoError(t, err)
	<-over
	server.answers.Store(http.StatusTooManyRequests)
	time.AfterFunc(1500*time.Millisecond, func() { server.answers.Store(0) })
	made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "made"}}
	_, err = c.typed.CoreV1().ConfigMaps(namespace).Create(within(t, 20*time.Second), made, metav1.CreateOptions{})
	require.NoError(t, err)
	server.cut()
	changes, err := c.Apply(within(t, 20*time.Second), wanted, ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, Unchanged, changes[0].Action)
}

// heard collects what a wait tells.
func heard(into *strings.Builder) func(object, state string) {
	return func(object, state string) { into.WriteString(object + ": " + state + "\n") }
}

func TestWaitOutlivesAServerThatIsGoneAndTellsSoOnce(t *testing.T) {
	t.Parallel()
	direct := connect(t)
	needKubelet(t, direct)
	namespace := newNamespace(t, direct)
	c, server := throughFaults(t)
	wanted := objects(t, namespace, probedApp(nil))
	_, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	require.NoError(t, err)
	over := server.goneFor(8 * time.Second) // the pod is ready long before
	var told strings.Builder
	require.NoError(t, c.Wait(within(t, time.Minute), wanted, heard(&told)))
	select {
	case <-over:
	default:
		require.Fail(t, "done without having heard of it")
	}
	require.Equal(t, 1, strings.Count(told.String(), "cluster: does not answer, trying again"), told.String())
	require.Equal(t, 1, strings.Count(told.String(), "cluster: answers again"), told.String())
}

func TestWaitDoesNotTakeWhatItHeardBeforeACutForTheState(t *testing.T) {
	t.Parallel()
	direct := connect(t)
	namespace := newNamespace(t, direct)
	c, server := throughFaults(t)
	wanted := objects(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: door, annotations: {slipway.dev/ready: "{.data.open}=yes"}}, data: {}}`)
	_, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	require.NoError(t, err)
	done := make(chan error, 1)
	waits := make(chan struct{}, 100)
	go func() { done <- c.Wait(within(t, time.Minute), wanted, func(string, string) { waits <- struct{}{} }) }()
	<-waits
	for range 3 {
		server.cut()
		select {
		case err := <-done:
			require.Fail(t, "over", "%v", err)
		case <-time.After(300 * time.Millisecond):
		}
	}
	server.answers.Store(http.StatusTooManyRequests)
	server.cut()
	_, err = direct.typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "door", "application/merge-patch+json", []byte(`{"data":{"open":"yes"}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	select {
	case err := <-done:
		require.Fail(t, "over", "%v", err)
	case <-time.After(2 * time.Second):
	}
	server.answers.Store(0)
	require.NoError(t, <-done)
}

func TestWaitEndsAtOnceWhenItsContextEndsInAnOutage(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, connect(t))
	c, server := throughFaults(t)
	wanted := objects(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: door, annotations: {slipway.dev/ready: "{.data.open}"}}, data: {}}`)
	_, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	require.NoError(t, err)
	server.gone()
	start := time.Now()
	late := requireClass(t, c.Wait(within(t, 4*time.Second), wanted, nil), Unreachable)
	require.Less(t, time.Since(start), 5*time.Second)
	require.Contains(t, late.Cause, "does not answer")
	server.back()
}
