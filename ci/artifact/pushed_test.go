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

	"github.com/slipway-cd/slipway/ci/image"
)

func TestAPlanBeforeAnyBuildSaysToBuildFirst(t *testing.T) {
	t.Parallel()
	empty := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	secretive := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusForbidden)
		}
	}
	for says, handler := range map[string]http.Handler{
		"/team/shop has no version 1.2, nor 1.2-beta: build it first (`go run ./ci --until build`), or give one that it has with --version": empty,
		"/team/shop yet, build first: `go run ./ci --until build`":                                                                          http.HandlerFunc(secretive),
	} {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		repository, err := image.ParseRepository(strings.TrimPrefix(server.URL, "http://") + "/team/shop")
		require.NoError(t, err)
		_, err = Tags{Registry: &image.Registry{}, Version: "1.2"}.Pushed(t.Context(), repository)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "\n")
	}
}
