package image_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

// logIn writes what `docker login` writes, for this test alone.
func logIn(t *testing.T, repo image.Repository, user, password string) {
	t.Helper()
	config := fmt.Sprintf(`{"auths":{%q:{"username":%q,"password":%q}}}`, repo.Host(), user, password)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), []byte(config), 0o600))
	t.Setenv("DOCKER_CONFIG", folder)
}

// basic asks every request for the password "right".
func basic(w http.ResponseWriter, r *http.Request) bool {
	if _, password, _ := r.BasicAuth(); password == "right" {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
	w.WriteHeader(http.StatusUnauthorized)
	return false
}

// bearer gives a token for that password and asks every other request for the token:
// https://distribution.github.io/distribution/spec/auth/token/
func bearer(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.URL.Path == "/token":
		if basic(w, r) {
			fmt.Fprint(w, `{"token":"t"}`)
		}
		return false
	case r.Header.Get("Authorization") == "Bearer t":
		return true
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="registry"`, r.Host))
	w.WriteHeader(http.StatusUnauthorized)
	return false
}

func TestPingTellsGoodCredentialsFromBadOnes(t *testing.T) {
	for name, ask := range map[string]func(http.ResponseWriter, *http.Request) bool{"password": basic, "token": bearer} {
		t.Run(name, func(t *testing.T) {
			repo := serve(t, ask)
			require.ErrorIs(t, (&image.Registry{}).Ping(t.Context(), repo), image.ErrDenied)
			logIn(t, repo, "ci", "wrong-secret")
			err := (&image.Registry{}).Ping(t.Context(), repo)
			require.ErrorIs(t, err, image.ErrDenied)
			require.NotContains(t, err.Error(), "wrong-secret")
			logIn(t, repo, "ci", "right")
			client := &image.Registry{}
			require.NoError(t, client.Ping(t.Context(), repo))
			_, err = client.Digest(t.Context(), repo, "absent")
			require.ErrorIs(t, err, image.ErrNotFound)
		})
	}
}

func TestALoginThatIsGivenTakesThePlaceOfDockers(t *testing.T) {
	repo := serve(t, basic)
	logIn(t, repo, "ci", "wrong-secret")
	require.NoError(t, (&image.Registry{Login: &image.Login{User: "ci", Password: "right"}}).Ping(t.Context(), repo))
	err := (&image.Registry{Login: &image.Login{User: "ci", Password: "another-secret"}}).Ping(t.Context(), repo)
	require.ErrorIs(t, err, image.ErrDenied)
	require.NotContains(t, err.Error(), "another-secret")
}
