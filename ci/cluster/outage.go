package cluster

import (
	"sync"
	"time"
)

const (
	OutageTold  = time.Second      // a silence shorter than this is not worth a word
	outageGrace = 10 * time.Second // how long after its return a server may refuse what it would allow
)

// outage knows whether the API server answers. It is safe for concurrent use.
type outage struct {
	mutex     sync.Mutex
	on        bool      // Connect succeeded: from now on silence is an outage
	since     time.Time // of the first request without an answer; zero while there are answers
	gone      bool      // in this outage there was no server at all, so that it will have to start
	cause     error
	last      time.Time // of the last answer
	over      time.Time // when a server that was gone answered again
	listeners map[*func()]bool
}

func (o *outage) begin() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.on = true
}

func (o *outage) watched() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.on
}

// silent takes note of a request without an answer; gone says that there was not
// even a connection.
func (o *outage) silent(cause error, gone bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.since.IsZero() {
		o.since, o.gone = time.Now(), false
		o.notify()
	}
	o.gone, o.cause = o.gone || gone, cause
}

// speaks takes note of an answer and returns when the last outage ended in which
// the server was gone.
func (o *outage) speaks() time.Time {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.last = time.Now()
	if !o.since.IsZero() {
		if o.gone {
			o.over = o.last
		}
		o.since = time.Time{}
		o.notify()
	}
	return o.over
}

func (o *outage) answered() time.Time {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.last
}

func (o *outage) notify() {
	for listener := range o.listeners {
		(*listener)()
	}
}

// silence returns for how long the server has not answered and why; 0 when it does.
func (o *outage) silence() (time.Duration, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.since.IsZero() {
		return 0, nil
	}
	return time.Since(o.since), o.cause
}

// tell has a function called whenever an outage begins or ends, until stop is.
func (o *outage) tell(changed func()) (stop func()) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.listeners == nil {
		o.listeners = map[*func()]bool{}
	}
	listener := &changed
	o.listeners[listener] = true
	return func() {
		o.mutex.Lock()
		defer o.mutex.Unlock()
		delete(o.listeners, listener)
	}
}

// Silence returns for how long the server has not answered and why; 0 when it does.
func (c *Cluster) Silence() (time.Duration, error) { return c.outage.silence() }

// OnOutage has a function called whenever the server ceases to answer or answers again,
// until stop is. It must return at once.
func (c *Cluster) OnOutage(changed func()) (stop func()) { return c.outage.tell(changed) }
