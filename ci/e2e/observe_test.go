package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// digest returns what a tag of this repository's image names in the registry, "" when there is no such tag.
func (w *world) digest(t *testing.T, tag string) string {
	t.Helper()
	return w.digestOf(t, "go-demo", tag)
}

func (w *world) digestOf(t *testing.T, image, tag string) string {
	t.Helper()
	reference, err := name.NewTag(w.Registry+"/"+image+":"+tag, name.Insecure)
	require.NoError(t, err)
	tags, err := remote.List(reference.Repository)
	require.NoError(t, err)
	for _, there := range tags {
		if there == tag {
			descriptor, err := remote.Head(reference)
			require.NoError(t, err)
			return descriptor.Digest.String()
		}
	}
	return ""
}

// productionVersion asks production for its version, at the address that users have.
func (w *world) productionVersion(t *testing.T, done ended) string {
	t.Helper()
	var answer struct{ Version string }
	require.NoError(t, json.Unmarshal(w.productionAnswer(t, done), &answer))
	return answer.Version
}

// plainVersion is productionVersion for the small application, which says it without more.
func (w *world) plainVersion(t *testing.T, done ended) string {
	t.Helper()
	return strings.TrimSpace(string(w.productionAnswer(t, done)))
}

func (w *world) productionAnswer(t *testing.T, done ended) []byte {
	t.Helper()
	url := ""
	for _, address := range done.report.Addresses {
		if address.Stage == "production" {
			url = address.URL
		}
	}
	require.NotEmpty(t, url, "no address of production in the report")
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: w.dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/version", nil)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return content
}
