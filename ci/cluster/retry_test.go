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
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
			request, err := http.NewRequestWithContext(t.Context(), test.method, "http://server.example/", bytes.NewReader([]byte("body")))
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
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://server.example/apis/metrics.k8s.io", nil)
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
