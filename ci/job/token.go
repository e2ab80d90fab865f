package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Environment variables with a job's identity token, or with where GitHub gives one and what to ask with
// (https://docs.github.com/actions/reference/security/oidc). The first is cosign's own.
const (
	idToken      = "SIGSTORE_ID_TOKEN"
	requestURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	requestToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
	audience     = "sigstore"
)

// Token is how this job gets its identity token, and why it cannot, nil if it can. GitHub's is asked for when it is needed, for it
// lasts minutes.
func (j Job) Token(getenv func(string) string) (token evidence.Token, missing error) {
	switch at, with := getenv(requestURL), getenv(requestToken); {
	case getenv(idToken) != "":
		return func(context.Context) (string, error) { return getenv(idToken), nil }, nil
	case at != "" && with != "":
		return func(ctx context.Context) (string, error) { return requested(ctx, at, with) }, nil
	}
	set := "set " + idToken + " to an OpenID Connect token for the audience " + audience
	if i := slices.IndexFunc(vendors, func(v vendor) bool { return v.name == j.Vendor }); i >= 0 && vendors[i].token != "" {
		set = vendors[i].token
	}
	missing = exit.Usagef("--keyless: this job has no identity token: %s", set)
	return func(context.Context) (string, error) { return "", missing }, missing
}

// requested asks GitHub. What it answers is secret, and so is what is asked with: neither is in an error.
func requested(ctx context.Context, at, with string) (string, error) {
	failed := func(err error) error { return fmt.Errorf("identity token of this job, by %s: %w", requestURL, err) }
	where, err := url.Parse(at)
	if err != nil {
		return "", failed(errors.New("it is no URL"))
	}
	query := where.Query()
	query.Set("audience", audience)
	where.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return "", failed(err)
	}
	request.Header.Set("Authorization", "Bearer "+with)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err // without the URL
		}
		return "", failed(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", failed(errors.New(response.Status))
	}
	var answer struct{ Value string }
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil || answer.Value == "" {
		return "", failed(errors.New("there is none in the answer"))
	}
	return answer.Value, nil
}
