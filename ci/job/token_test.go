package job

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
)

func given(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestAJobWithoutATokenIsToldWhatToSet(t *testing.T) {
	t.Parallel()
	for vendor, says := range map[string]string{
		"github": "--keyless: this job has no identity token: give it `permissions: {id-token: write}`, which the pull request of a fork never has",
		"gitlab": "--keyless: this job has no identity token: give it `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}`",
		"":       "--keyless: this job has no identity token: set SIGSTORE_ID_TOKEN to an OpenID Connect token for the audience sigstore",
	} {
		token, missing := Job{Vendor: vendor}.Token(given(nil))
		require.EqualError(t, missing, says)
		_, err := token(t.Context())
		require.Equal(t, missing, err)
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	}
}

func TestATokenThatIsThereIsTaken(t *testing.T) {
	t.Parallel()
	token, missing := Job{Vendor: "gitlab"}.Token(given(map[string]string{idToken: "a.b.c"}))
	require.NoError(t, missing)
	got, err := token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a.b.c", got)
}

func TestGitHubIsAskedForATokenWhichNoErrorShows(t *testing.T) {
	t.Parallel()
	answers := http.NewServeMux()
	answers.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("audience") != "sigstore" || r.URL.Query().Get("api-version") != "2.0" || r.Header.Get("Authorization") != "Bearer not-to-be-seen" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(`{"count": 1, "value": "a.b.c"}`))
	})
	answers.HandleFunc("/odd", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"value": ["a.b.c"]}`)) })
	server := httptest.NewServer(answers)
	defer server.Close()
	for at, c := range map[string]struct{ with, token, says string }{
		server.URL + "/token?api-version=2.0": {"not-to-be-seen", "a.b.c", ""},
		server.URL + "/token?api-version=1.0": {"not-to-be-seen", "", "identity token of this job, by ACTIONS_ID_TOKEN_REQUEST_URL: 403 Forbidden"},
		server.URL + "/odd":                   {"not-to-be-seen", "", "identity token of this job, by ACTIONS_ID_TOKEN_REQUEST_URL: there is none in the answer"},
		"http://127.0.0.1:1/not-to-be-seen":   {"not-to-be-seen", "", "identity token of this job, by ACTIONS_ID_TOKEN_REQUEST_URL: dial tcp 127.0.0.1:1"},
		"http://\x7f/not-to-be-seen":          {"not-to-be-seen", "", "identity token of this job, by ACTIONS_ID_TOKEN_REQUEST_URL: it is no URL"},
	} {
		token, missing := Job{Vendor: "github"}.Token(given(map[string]string{requestURL: at, requestToken: c.with}))
		require.NoError(t, missing)
		got, err := token(t.Context())
		require.Equal(t, c.token, got, at)
		if c.says != "" {
			require.ErrorContains(t, err, c.says)
			require.NotRegexp(t, "not-to-be-seen|a\\.b\\.c", err.Error())
		}
	}
}
