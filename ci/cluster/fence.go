package cluster

import (
	"context"
	"errors"
	"net/http"
)

type fenceKey struct{}

// Fence returns a context whose writes to the API server are sent only while the
// lease is surely ours: each one, and each repetition of one, is preceded by a look
// at how long ago the lease was confirmed, by a clock that runs on while the
// machine sleeps, and by a question to the server when that was too long ago.
//
// A write that finds the lease with another is not sent: its error is of class
// Lost. Writes of planned objects and of records carry, besides, what was planned
// (uid and resourceVersion, or absence) for the server to compare, so that one that
// was under way when the process was stopped is refused by what others wrote since.
func (l *Lease) Fence(ctx context.Context) context.Context {
	return context.WithValue(ctx, fenceKey{}, l)
}

// fenced returns the lease that the writes of a context need, or nil.
func fenced(ctx context.Context) *Lease {
	lease, _ := ctx.Value(fenceKey{}).(*Lease)
	return lease
}

// fence is the last thing that a request passes before it is sent.
type fence struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f fence) RoundTrip(request *http.Request) (*http.Response, error) {
	if lease := fenced(request.Context()); lease != nil && writes(request) {
		if err := lease.confirm(request.Context()); err != nil {
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

// confirm returns nil while the lease is surely ours.
func (l *Lease) confirm(ctx context.Context) error {
	if !l.isLost() && l.sure() {
		return nil
	}
	return l.Ask(ctx)
}

// sure reports whether the last confirmed renewal was so recent that nobody can
// have taken the lease since: the last third of its time is for the write to arrive.
func (l *Lease) sure() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	age := sinceBoot() - l.confirmed
	return age >= 0 && age < l.cluster.lasts()-l.cluster.renewal()
}

// Ask renews the lease now. The error is of class Lost when another has it, or had
// it meanwhile, or when it was deleted.
func (l *Lease) Ask(ctx context.Context) error {
	if !l.isLost() {
		unfenced := context.WithValue(context.WithoutCancel(ctx), fenceKey{}, (*Lease)(nil))
		asking, cancel := context.WithTimeout(unfenced, l.cluster.renewal())
		defer cancel()
		if err := l.renewal(asking); !errors.Is(err, errTaken) {
			return fromAPI(asking, l.object(), "renew", err)
		}
	}
	return l.lostError()
}

func (l *Lease) lostError() error {
	return &Error{Class: Lost, Object: l.object(), Cause: "is no longer held by " + l.holder + ", for it " + l.LostBecause(), Err: ErrLost}
}

// ErrLost is in the errors of class Lost.
var ErrLost = errors.New("the lease is another's")

func (l *Lease) object() string { return name("Lease", l.namespace, l.name) }
