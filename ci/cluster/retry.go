package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	retryFirst = 100 * time.Millisecond // pause before the second try, doubled for each further one
	retryMost  = time.Second            // and never longer, so that a server's return is noticed within a second
	retryAsked = 10 * time.Second       // how long a pause the server itself may ask for
	retryAlone = 5 * time.Second        // how long one path may be unavailable while the server answers on others
)

// retry repeats a request until it is answered or its context ends. It never
// repeats what may have had an effect already: a request that was not sent (no
// connection was had) or that the server put off (429) may always be repeated,
// one whose answer was lost only when a second time changes nothing: GET, PUT
// and DELETE (RFC 9110, 9.2.2) and server-side apply. Creation by POST is not.
//
// Watches count as GET: client-go's reflector would try again by itself, but its
// pauses grow to half a minute, and while it pauses it does not hear its context.
//
// A request whose context never ends is not repeated, nor is the first one of
// Connect: whether there is a server at all is to be said at once.
type retry struct {
	next   http.RoundTripper
	outage *outage
}

// RoundTrip implements http.RoundTripper. The error at the end of the request's
// context is *unanswered.
func (r retry) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if ctx.Done() == nil || !r.outage.watched() {
		return r.next.RoundTrip(request)
	}
	start, try := time.Now(), request
	var last error
	for tries := 0; ; tries++ {
		var sent atomic.Bool
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}
		response, err := r.next.RoundTrip(try.WithContext(httptrace.WithClientTrace(ctx, trace)))
		if ctx.Err() != nil && err != nil && last != nil {
			return nil, &unanswered{last: last, end: context.Cause(ctx), after: time.Since(start)}
		}
		trouble := r.trouble(response, err, sent.Load(), start)
		if trouble == nil || ctx.Err() != nil || !repeatable(request, response, sent.Load()) {
			return response, err
		}
		last = trouble
		pause := time.NewTimer(pauseBefore(tries, response))
		if response != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
			response.Body.Close()
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, &unanswered{last: last, end: context.Cause(ctx), after: time.Since(start)}
		}
		if try, err = again(request); err != nil {
			return nil, err
		}
	}
}

// trouble returns what was wrong with a try, or nil when it was answered for good.
//
// A server that has just come back refuses what it would allow (401, 403) until
// it has read its roles and accounts: for a moment after an outage a refusal is
// not taken for an answer. It had no effect, so that even a POST may be repeated.
func (r retry) trouble(response *http.Response, err error, sent bool, start time.Time) error {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrLost):
		return nil // what it would write is another's now
	case errors.As(err, &certificate):
		return nil // another server, or none of ours: trying again will not help
	case err != nil:
		r.outage.silent(err, !sent)
		return err
	}
	status := errors.New(response.Status)
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		r.outage.silent(status, false)
		return status
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if time.Since(start) > retryAlone && r.outage.answered().After(start) {
			return nil // it answers others: what is behind this path is away, e.g. an aggregated API
		}
		r.outage.silent(status, false)
		return status
	}
	over := r.outage.speaks()
	refused := response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden
	if refused && time.Since(over) < outageGrace {
		return status
	}
	return nil
}

// repeatable reports whether a troubled request may be sent again.
func repeatable(request *http.Request, response *http.Response, sent bool) bool {
	if request.Body != nil && request.Body != http.NoBody && request.GetBody == nil {
		return false
	}
	if !sent || response != nil && response.StatusCode/100 == 4 {
		return true // it was not executed
	}
	switch request.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	case http.MethodPatch:
		kind := request.Header.Get("Content-Type")
		return kind == "application/apply-patch+yaml" || kind == "application/apply-patch+cbor"
	}
	return false
}

// again returns the request with its body from the start.
func again(request *http.Request) (*http.Request, error) {
	try := request.Clone(request.Context())
	if request.GetBody == nil {
		return try, nil
	}
	var err error
	try.Body, err = request.GetBody()
	return try, err
}

// pauseBefore returns the pause after a number of tries: what the server asks
// for, if it does, with some chance in it so that requests do not come in step.
func pauseBefore(tries int, response *http.Response) time.Duration {
	pause := min(retryFirst<<min(tries, 10), retryMost)
	if response != nil {
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
			pause = max(pause, min(time.Duration(seconds)*time.Second, retryAsked))
		}
	}
	return pause - time.Duration(rand.Int64N(int64(retryFirst)))/2
}

// unanswered is the error of a request that was tried until its context ended.
type unanswered struct {
	last  error // of the last try
	end   error // of the context
	after time.Duration
}

func (u *unanswered) Error() string {
	return fmt.Sprintf("no answer for %s: %s", u.after.Round(100*time.Millisecond), NetworkCause(u.last))
}

// Unwrap returns why it was the last. What the last try met is not shown to others:
// a reflector that sees a refused connection sleeps on it, though its context is over.
func (u *unanswered) Unwrap() error { return u.end }
