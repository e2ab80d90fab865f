package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/cluster"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
)

// mark is the name of a ConfigMap and of a repository that must survive.
const mark = "lifecycle-test"

func (m *machine) coordinates(t *testing.T) *coordinates.Coordinates {
	t.Helper()
	s, err := open()
	require.NoError(t, err)
	at, err := coordinates.Load(s.cache)
	require.NoError(t, err)
	return at
}

func (m *machine) client(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	c, err := cluster.Client(m.coordinates(t).Kubeconfig)
	require.NoError(t, err)
	return c
}

// leaveMarks makes a ConfigMap and pushes a tag.
func (m *machine) leaveMarks(t *testing.T) {
	t.Helper()
	_, err := m.client(t).CoreV1().ConfigMaps("default").Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: mark}, Data: map[string]string{"a": "b"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	config := m.pushBlob(t, []byte("{}"))
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":2},"layers":[]}`, config)
	m.registry(t, http.MethodPut, "/v2/"+mark+"/manifests/v1", "application/vnd.oci.image.manifest.v1+json", []byte(manifest), http.StatusCreated)
	m.requireMarks(t)
}

func (m *machine) requireMarks(t *testing.T) {
	t.Helper()
	found, err := m.client(t).CoreV1().ConfigMaps("default").Get(t.Context(), mark, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "b", found.Data["a"])
	m.registry(t, http.MethodGet, "/v2/"+mark+"/manifests/v1", "", nil, http.StatusOK)
	for _, standIn := range []string{"pause/manifests/3.10", "library/golang/manifests/1.26", "library/postgres/manifests/17"} {
		m.registry(t, http.MethodGet, "/v2/"+standIn, "", nil, http.StatusOK)
	}
}

func (m *machine) pushBlob(t *testing.T, content []byte) (digest string) {
	t.Helper()
	sum := sha256.Sum256(content)
	digest = "sha256:" + hex.EncodeToString(sum[:])
	begun := m.registry(t, http.MethodPost, "/v2/"+mark+"/blobs/uploads/", "", nil, http.StatusAccepted)
	at, err := begun.Location()
	require.NoError(t, err)
	query := at.Query()
	query.Set("digest", digest)
	at.RawQuery = query.Encode()
	m.registry(t, http.MethodPut, at.RequestURI(), "application/octet-stream", content, http.StatusCreated)
	return digest
}

func (m *machine) registry(t *testing.T, method, path, contentType string, body []byte, want int) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+m.coordinates(t).Registry+path, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, want, response.StatusCode, "%s %s: %s", method, path, text)
	return response
}
