package sigstoretest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Issuer stands for a CI vendor: it serves what OpenID Connect asks of an issuer, and signs tokens of jobs.
type Issuer struct {
	URL string
	key *rsa.PrivateKey
}

// keyID names the one key.
const keyID = "1"

func newIssuer(t *testing.T) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	issuer := &Issuer{key: key}
	answers := http.NewServeMux()
	server := httptest.NewServer(answers)
	t.Cleanup(server.Close)
	issuer.URL = server.URL
	answers.HandleFunc("/.well-known/openid-configuration", answer(map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"}}))
	answers.HandleFunc("/keys", answer(map[string]any{"keys": []map[string]any{{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())}}}))
	return issuer
}

func answer(with any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(with) // whoever asked finds out
	}
}

// Token is that of a job of a workflow.
func (i *Issuer) Token(t *testing.T, workflow string) string {
	t.Helper()
	claims := map[string]any{"iss": i.URL, "aud": "sigstore", "sub": "job of " + workflow, "job_workflow_ref": workflow,
		"iat": time.Now().Unix(), "nbf": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(5 * time.Minute).Unix()}
	text := part(t, map[string]any{"alg": "RS256", "typ": "JWT", "kid": keyID}) + "." + part(t, claims)
	sum := sha256.Sum256([]byte(text))
	signed, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signed)
}

func part(t *testing.T, of map[string]any) string {
	t.Helper()
	text, err := json.Marshal(of)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}
