package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/route"
)

const (
	probesWanted = 3
	probePause   = 50 * time.Millisecond // an HTTP answer cannot be watched
	probeTimeout = 2 * time.Second
)

var errNoAnswer = errors.New("no answer")

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// probe asks one URL, by a new connection each time.
type probe struct {
	dial   dialer
	client *http.Client
	url    string
	at     string // the host that is dialled instead of the URL's, or empty

	versionURL, version string // what must answer with it, too; empty: nothing

	guessed bool // something else may answer there
}

func newProbe(dial dialer, url, at string) probe {
	transport := &http.Transport{DialContext: dialAt(dial, at), DisableKeepAlives: true}
	return probe{dial: dialAt(dial, at), url: url, at: at, client: &http.Client{Transport: transport, Timeout: probeTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// dialAt connects to another host at the same port. The URL's host is still asked for,
// in the request and in TLS.
func dialAt(dial dialer, host string) dialer {
	if host == "" {
		return dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, net.JoinHostPort(host, port))
	}
}

// answer is what came back from a probe.
type answer struct {
	text       string // empty for 2xx
	answered   bool   // by HTTP
	unresolved string // the name that DNS does not know, or empty
}

// ask asks once: for the health, and then for the version.
func (p probe) ask(ctx context.Context) answer {
	if strings.HasSuffix(p.url, route.GRPCHealth) {
		return p.askGRPC(ctx)
	}
	got, _ := p.get(ctx, p.url)
	if got.text != "" || p.versionURL == "" {
		return got
	}
	got, said := p.get(ctx, p.versionURL)
	if got.text == "" && !hasVersion(said, p.version) {
		got.text = fmt.Sprintf("%s: another version answers: %s", p.asked(p.versionURL), excerpt(said))
	}
	return got
}

// get asks for a URL, and returns the beginning of the answer's body, too.
func (p probe) get(ctx context.Context, url string) (answer, string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{text: cluster.OneLine(err.Error())}, ""
	}
	response, err := p.client.Do(request)
	if err != nil {
		return unanswered(p.asked(url), err), ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if response.StatusCode/100 == 2 {
		return answer{answered: true}, string(body)
	}
	text := p.asked(url) + ": " + response.Status
	if to := response.Header.Get("Location"); to != "" {
		text += " to " + cluster.OneLine(to)
	}
	return answer{text: text, answered: true}, ""
}

func (p probe) asked(url string) string {
	if p.at != "" {
		return "GET " + url + " at " + p.at
	}
	return "GET " + url
}

// hasVersion reports whether an answer has the version as a word of its own: that of another
// commit may begin with it.
func hasVersion(said, version string) bool {
	return slices.Contains(strings.FieldsFunc(said, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`"',;:=<>(){}[]`, r)
	}), version)
}

// excerpt is the beginning of an answer on one line.
func excerpt(said string) string {
	line := []rune(cluster.OneLine(said))
	if len(line) > 80 {
		return string(line[:80]) + "..."
	}
	return string(line)
}

func unanswered(asked string, err error) answer {
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		return answer{text: fmt.Sprintf("%s: the name %s does not resolve: %s", asked, unknown.Name, unknown.Err), unresolved: unknown.Name}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok && failed.Timeout() {
		return answer{text: fmt.Sprintf("%s: no answer within %s", asked, probeTimeout)}
	}
	return answer{text: asked + ": " + cluster.NetworkCause(err)}
}

// answers returns which of the probes was answered with 2xx three times in a row. One is
// asked only while nothing at all answers those before it. It stops with an error when
// changed says that there may be another address or ctx is over; tried then says what
// the last answers were, those of before if there are no better ones. heard, if not nil, gets each of them.
func answers(ctx context.Context, changed <-chan struct{}, probes []probe, before []answer, heard func(text string)) (by int, tried []answer, err error) {
	tried = before
	for good := 0; ; {
		now := []answer{}
		if good > 0 {
			now = append(now, probes[by].ask(ctx))
		} else {
			by, now = askInTurn(ctx, probes)
		}
		switch {
		case now[len(now)-1].text == "":
			good++
		case ctx.Err() == nil || tried == nil: // what the deadline cut short says less than what came before
			good, tried = 0, now
			if heard != nil {
				heard(textOf(now))
			}
		}
		if good == probesWanted {
			return by, nil, nil
		}
		pause := probePause
		if good > 0 {
			pause = 0
		}
		select {
		case <-changed: // the caller looks again; kept, the notice would have it ask without a pause
			return by, tried, errNoAnswer
		case <-ctx.Done():
			return by, tried, errNoAnswer
		case <-time.After(pause):
		}
	}
}

func askInTurn(ctx context.Context, probes []probe) (by int, got []answer) {
	for i, p := range probes {
		got = append(got, p.ask(ctx))
		if got[i].answered && (!p.guessed || got[i].text == "") {
			return i, got
		}
	}
	return 0, got
}

func textOf(tried []answer) string {
	var texts []string
	for _, a := range tried {
		texts = append(texts, a.text)
	}
	return strings.Join(texts, "; ")
}
