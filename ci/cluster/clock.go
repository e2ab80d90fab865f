package cluster

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clockAgrees is how far the server's time, which it tells in whole seconds, may be
// from ours before ours is corrected by it.
const clockAgrees = 2 * time.Second

// clock tells the time of the API server from the Date of its answers (RFC 9110,
// 6.6.1). What is written down for other machines to read is told by it, for their
// clocks and ours may differ.
type clock struct {
	own     func() time.Time
	differs atomic.Int64 // nanoseconds by which the server is ahead of us
}

// Now returns the time of the API server, as far as its answers tell, else ours.
func (c *Cluster) Now() time.Time {
	return c.clock.own().Add(time.Duration(c.clock.differs.Load()))
}

// hear takes note of the time of an answer.
func (c *clock) hear(response *http.Response) {
	told, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return
	}
	differs := told.Sub(c.own())
	if differs.Abs() <= clockAgrees {
		differs = 0
	}
	c.differs.Store(int64(differs))
}

// timed hears the time of each answer that passes it.
type timed struct {
	next  http.RoundTripper
	clock *clock
}

// RoundTrip implements http.RoundTripper.
func (t timed) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err == nil {
		t.clock.hear(response)
	}
	return response, err
}
