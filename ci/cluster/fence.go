package cluster

import (
	"context"
	"errors"
	"net/http"
)

// Fence is what must still be held when a write is sent: the lease of a run.
type Fence interface {
	Confirm(ctx context.Context) error // nil while it is surely held
	Ask(ctx context.Context) error     // the same, but the server is asked in any case
}

// ErrLost is in the errors of class Lost.
var ErrLost = errors.New("the lease is another's")

type fenceKey struct{}

// WithFence returns a context whose writes to the API server, and each repetition of one,
// are sent only when the fence confirms it. With nil they are sent as they are.
func WithFence(ctx context.Context, held Fence) context.Context {
	return context.WithValue(ctx, fenceKey{}, held)
}

// Fenced returns the fence of a context, or nil.
func Fenced(ctx context.Context) Fence {
	held, _ := ctx.Value(fenceKey{}).(Fence)
	return held
}

// fence is the last thing that a request passes before it is sent.
type fence struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f fence) RoundTrip(request *http.Request) (*http.Response, error) {
	if held := Fenced(request.Context()); held != nil && writes(request) {
		if err := held.Confirm(request.Context()); err != nil {
			return nil, err
		}
	}
	return f.next.RoundTrip(request)
}

// writes reports whether a request may change anything. That a deletion is a dry run is
// said in its body: it is taken for a write.
func writes(request *http.Request) bool {
	return request.Method != http.MethodGet && request.Method != http.MethodHead && request.URL.Query().Get("dryRun") == ""
}
