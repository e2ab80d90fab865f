package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
)

const (
	probesWanted = 3
	probePause   = 50 * time.Millisecond // an HTTP answer cannot be watched
	probeTimeout = 2 * time.Second
)

var errNoAnswer = errors.New("no answer")

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// answers returns nil once GET url was answered with 2xx three times in a row, by
// a new connection each time. It stops with an error when changed says that there
// may be another address or ctx is over; tried then says what the last answer was.
func answers(ctx context.Context, dial dialer, changed chan struct{}, url string) (tried string, err error) {
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: probeTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	for good := 0; ; {
		answer := probe(ctx, client, url)
		switch {
		case answer == "":
			good++
		case ctx.Err() == nil || tried == "": // what the deadline cut short says less than what came before
			good, tried = 0, answer
		}
		if good == probesWanted {
			return "", nil
		}
		pause := probePause
		if good > 0 {
			pause = 0
		}
		select {
		case <-changed:
			select { // the caller looks again, and again at this notice
			case changed <- struct{}{}:
			default:
			}
			return tried, errNoAnswer
		case <-ctx.Done():
			return tried, errNoAnswer
		case <-time.After(pause):
		}
	}
}

// probe returns "" for a 2xx answer, else what came instead.
func probe(ctx context.Context, client *http.Client, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return cluster.OneLine(err.Error())
	}
	response, err := client.Do(request)
	if err != nil {
		return "GET " + url + ": " + cluster.NetworkCause(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // only the status counts
	if response.StatusCode/100 != 2 {
		return fmt.Sprintf("GET %s: %s", url, response.Status)
	}
	return ""
}
