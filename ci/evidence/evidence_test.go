package evidence_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/stretchr/testify/require"

	"crypto/elliptic"

	"github.com/slipway-cd/slipway/ci/evidence"
)

const (
	digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	other  = "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
)

var about = evidence.Subject{Name: "registry.example.com/team/app", Digest: digest}

func newKey(t *testing.T) *evidence.Key {
	t.Helper()
	private, err := evidence.GenerateKey()
	require.NoError(t, err)
	key, err := evidence.ParseKey(private, "")
	require.NoError(t, err)
	return key
}

func accept(key *evidence.Key) evidence.Accepted {
	return evidence.Accepted{Keys: []evidence.PublicKey{key.Public()}}
}

func results() evidence.Results {
	return evidence.Results{
		Suite: evidence.Suite{Application: "app", Stage: "functional", Version: "1.0", Run: "r1", Command: []string{"/tests"}, Addresses: []string{"Service", "Ingress"},
			Cluster: "https://cluster", Overlay: other, Image: digest, Started: time.Unix(100, 0).UTC(), Finished: time.Unix(160, 0).UTC()},
		URL: "https://ci.example.com/1", Passed: []string{"TestHello", "TestPerson"},
	}
}

func tested(t *testing.T, signer evidence.Signer) evidence.Document {
	t.Helper()
	statement, err := evidence.NewTests(results(), about)
	require.NoError(t, err)
	document, err := signer.Sign(t.Context(), statement)
	require.NoError(t, err)
	return document
}

func TestWhatASuiteFoundIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	verified, err := accept(key).Verify(tested(t, key), digest)
	require.NoError(t, err)
	require.Equal(t, key.String(), verified.Signer)
	found, err := verified.Results()
	require.NoError(t, err)
	require.Equal(t, results(), found)
}

func TestHowAnImageWasBuiltIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	statement, err := evidence.NewProvenance(evidence.Build{
		Repository: "https://git.example.com/app", Commit: "0123456789abcdef0123456789abcdef01234567", Dirty: true, Dockerfile: "Dockerfile", Context: ".",
		Args: map[string]string{"VERSION": "1.0"}, Bases: []evidence.Base{{Reference: "golang:1.26", Digest: other}}, Engine: "dagger v0.21.8", Run: "r1",
		Started: time.Unix(100, 0), Finished: time.Unix(160, 0)}, about)
	require.NoError(t, err)
	built, err := statement.Built()
	require.NoError(t, err)
	require.Equal(t, "https://git.example.com/app", built.Repository)
	require.Equal(t, "0123456789abcdef0123456789abcdef01234567", built.Commit)
	require.True(t, built.Dirty)
	require.Equal(t, "dagger v0.21.8", built.Engine)
	require.Equal(t, int64(160), built.Finished.Unix())
	require.Contains(t, string(statement.Predicate), other[7:])
}

func TestEachKindOfFalseStatementIsRefusedWithItsOwnLine(t *testing.T) {
	t.Parallel()
	key, foreign := newKey(t), newKey(t)
	document := tested(t, key)
	changed := document
	changed.Content = oneByte(t, document.Content)
	for name, c := range map[string]struct {
		accepted evidence.Accepted
		document evidence.Document
		digest   string
		says     string
	}{
		"another signer":   {accept(foreign), document, digest, "it was signed by " + key.String() + ", and accepted is " + foreign.String()},
		"another digest":   {accept(key), document, other, "it is about another digest"},
		"one byte changed": {accept(key), changed, digest, "it is not what " + key.String() + " signed: it was changed since"},
		"nobody signed":    {accept(key), tested(t, evidence.Unsigned{}), digest, "it is not signed"},
		"no bundle":        {accept(key), evidence.Document{Type: document.Type, Content: []byte("{}")}, digest, "it is no bundle of Sigstore"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.accepted.Verify(c.document, c.digest)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// oneByte changes the statement in a bundle.
func oneByte(t *testing.T, content []byte) []byte {
	t.Helper()
	var bundle map[string]any
	require.NoError(t, json.Unmarshal(content, &bundle))
	envelope := bundle["dsseEnvelope"].(map[string]any)
	statement, err := base64.StdEncoding.DecodeString(envelope["payload"].(string))
	require.NoError(t, err)
	require.Contains(t, string(statement), "TestHello")
	envelope["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(statement, []byte("TestHello"), []byte("TestHallo"), 1))
	out, err := json.Marshal(bundle)
	require.NoError(t, err)
	return out
}

func TestUnsignedStatementsCountOnlyWhereThatIsSaid(t *testing.T) {
	t.Parallel()
	verified, err := evidence.Accepted{Unsigned: true}.Verify(tested(t, evidence.Unsigned{}), digest)
	require.NoError(t, err)
	require.Equal(t, "nobody", verified.Signer)
	verified, err = evidence.Accepted{Unsigned: true}.Verify(tested(t, newKey(t)), digest)
	require.NoError(t, err)
	require.Equal(t, "nobody", verified.Signer, "whose key it is is not known")
	_, err = evidence.Accepted{Unsigned: true}.Verify(tested(t, evidence.Unsigned{}), other)
	require.EqualError(t, err, "it is about another digest")
}

func TestACosignKeyIsReadWithItsPassword(t *testing.T) {
	t.Parallel()
	private, public, err := cryptoutils.GeneratePEMEncodedECDSAKeyPair(elliptic.P256(), cryptoutils.StaticPasswordFunc([]byte("right")))
	require.NoError(t, err)
	key, err := evidence.ParseKey(private, "right")
	require.NoError(t, err)
	known, err := evidence.ParsePublicKey(public)
	require.NoError(t, err)
	require.Equal(t, known.String(), key.String())
	_, err = evidence.ParseKey(private, "wrong-secret")
	require.EqualError(t, err, "it cannot be decrypted: is the password right?")
	_, err = evidence.ParseKey(public, "")
	require.ErrorContains(t, err, "it is no private key")
	_, err = evidence.ParsePublicKey(private)
	require.EqualError(t, err, "it is no public key in PEM")
}

func TestResultsThatDidNotPassAreNone(t *testing.T) {
	t.Parallel()
	for says, predicate := range map[string]string{
		"its result is FAILED":        `{"result":"FAILED","configuration":[{"name":"suite","annotations":{"application":"app"}}]}`,
		"it lists 1 failed tests":     `{"result":"PASSED","configuration":[{"name":"suite","annotations":{"application":"app"}}],"failedTests":["a"]}`,
		"it names no application":     `{"result":"PASSED"}`,
		"it is no test result: proto": `{"result":7}`,
	} {
		statement := evidence.Statement{PredicateType: evidence.Tests, Predicate: []byte(predicate)}
		_, err := statement.Results()
		require.ErrorContains(t, err, says)
	}
}
