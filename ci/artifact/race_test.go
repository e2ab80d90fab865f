package artifact

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// TestAVersionThatAnotherRunReleasesMeanwhileIsNotShipped: the other run gives the tag at each moment at which this one can see it.
func TestAVersionThatAnotherRunReleasesMeanwhileIsNotShipped(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]func(r *http.Request) bool{
		"after the check, before the tag": func(*http.Request) bool { return false },
		"after the tag": func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/1.0")
		},
		"while latest moves": func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/latest")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var release func() // by the other run, once
			handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				handler.ServeHTTP(w, r)
				if now := release; now != nil && when(r) {
					release = nil
					now()
				}
			}))
			t.Cleanup(server.Close)
			r := releasing{Tags{Registry: &image.Registry{}, Version: "1.0", Built: today, Note: func(string) {}},
				[]Image{{Repo: repositoryOf(t, strings.TrimPrefix(server.URL, "http://")+"/team/app")}}, t}
			others := r.push("other-beta", today)
			own := r.push("own-beta", today)
			other := &image.Registry{}
			release = func() { require.NoError(t, other.Move(t.Context(), r.images[0].Repo, others, "1.0")) }

			require.NoError(t, r.Check(t.Context(), r.images))
			before := name == "after the check, before the tag"
			if before {
				now := release
				release = nil
				now()
			}
			_, err := r.Give(t.Context(), r.images)
			require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
			require.ErrorContains(t, err, "version 1.0 is released already: ")
			require.ErrorContains(t, err, " is "+others+", and "+own+" was tested; versions are never moved")
			require.Equal(t, others, r.digest("1.0"), "the other run's release was moved")
		})
	}
}
