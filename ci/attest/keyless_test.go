package attest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/evidence/sigstoretest"
)

// workflow is whose jobs sign.
const workflow = "team/app/.ci/ship.yaml@refs/heads/main"

// keyless is an image whose evidence a job of a workflow has signed without a key.
type keyless struct {
	shelf
	vendor   *sigstoretest.Instance
	instance *evidence.Sigstore
	tokens   int // that were asked for
}

func newKeyless(t *testing.T) *keyless {
	t.Helper()
	k := &keyless{vendor: sigstoretest.New(t), shelf: newShelf(t, true)}
	var err error
	k.instance, err = evidence.NewSigstore(k.vendor.SigningConfig, k.vendor.TrustedRoot)
	require.NoError(t, err)
	return k
}

func (k *keyless) signer(t *testing.T, of string) *evidence.Keyless {
	return evidence.NewKeyless(k.instance, func(context.Context) (string, error) { k.tokens++; return k.vendor.Vendor.Token(t, of), nil })
}

// who is the identity of a workflow's jobs, by the word of an issuer.
func (k *keyless) who(issuer, of string) evidence.Accepted {
	return evidence.Accepted{Identities: []evidence.Identity{{Issuer: issuer, Subject: sigstoretest.SAN(of)}}, Sigstore: k.instance}
}

func TestSigstoreCertifiesWhoSignsWithoutAKey(t *testing.T) {
	k := newKeyless(t)
	signer, issuer := k.signer(t, workflow), k.vendor.Vendor.URL
	begun := time.Now()
	statements := []*evidence.Statement{tests(t, "app", "functional", now, k.about), sbom(t, k.about)}
	signature, err := evidence.NewSignature(k.about)
	require.NoError(t, err)
	k.attach(t, signer, append(statements, signature)...)
	t.Logf("3 statements: signed in %s", time.Since(begun).Round(time.Millisecond))
	require.Equal(t, 1, k.tokens, "one certificate for all")
	identity := sigstoretest.SAN(workflow) + " (" + issuer + ")"
	require.Equal(t, identity, signer.String())

	begun = time.Now()
	found := k.find(t, k.who(issuer, workflow))
	t.Logf("3 statements: verified in %s", time.Since(begun).Round(time.Millisecond))
	require.NoError(t, found.Check(attest.Wanted{Application: "app"}, now))
	require.Len(t, found.Statements, 3)
	require.Equal(t, identity, found.Statements[0].Signer)
	require.NoError(t, k.find(t, by(t, signer)).Check(attest.Wanted{Application: "app"}, now), "who signs in this run")
	k.attach(t, signer, sbom(t, k.about))
	require.Len(t, k.find(t, by(t, signer)).Of(evidence.SBOM), 1, "what lasts is there already")

	expression := k.who(issuer, workflow)
	expression.Identities[0].Subject, expression.Identities[0].SubjectRegExp = "", `https://ci\.example\.com/team/app/.*`
	require.NoError(t, k.find(t, expression).Check(attest.Wanted{Application: "app"}, now))
	expression.Identities[0].SubjectRegExp = `ci\.example\.com/team`
	require.Error(t, k.find(t, expression).Check(attest.Wanted{Application: "app"}, now), "an expression is for the whole subject")

	for name, c := range map[string]struct {
		accepted evidence.Accepted
		says     string
	}{
		"other identity": {k.who(issuer, "team/app/.ci/ship.yaml@refs/heads/other"), "test results: it was signed by " + identity + ", and accepted is " + sigstoretest.SAN("team/app/.ci/ship.yaml@refs/heads/other")},
		"other issuer":   {k.who("https://elsewhere.example.com", workflow), "test results: it was signed by " + sigstoretest.SAN(workflow) + ", whose issuer is " + issuer + ", and accepted is"},
		"a key alone":    {by(t, k.key), "test results: it was signed by " + identity + ", and accepted is " + k.key.String()},
		"other instance": {evidence.Accepted{Identities: k.who(issuer, workflow).Identities, Sigstore: k.until(t, time.Now().Add(-time.Minute))}, "is by no authority that the trusted root had at "},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, k.find(t, c.accepted).Check(attest.Wanted{Application: "app"}, now), c.says)
		})
	}
	t.Run("cosign", func(t *testing.T) { k.askCosign(t, issuer) })
	t.Run("changed documents", func(t *testing.T) { k.refusesChanged(t, signer) })
}

// refusesChanged changes what was signed.
func (k *keyless) refusesChanged(t *testing.T, signer evidence.Signer) {
	accepted := by(t, signer)
	for says, change := range map[string]func(content []byte) []byte{
		"it was changed since":      func(content []byte) []byte { return inPayload(t, content, "TestHello", "TestHallo") },
		"is in no transparency log": inMaterial(t, func(material map[string]any) { delete(material, "tlogEntries") }),
		"and neither log nor timestamp authority of the trusted root says when": inMaterial(t, func(material map[string]any) { delete(material, "timestampVerificationData") }),
		"its entry in the transparency log does not count: ver":                 inMaterial(t, func(material map[string]any) { logged(material)["logIndex"] = "77" }),
	} {
		document, err := signer.Sign(t.Context(), tests(t, "app", "functional", now, k.about))
		require.NoError(t, err)
		_, err = accepted.Verify(document, k.about.Digest)
		require.NoError(t, err)
		document.Content = change(document.Content)
		_, err = accepted.Verify(document, k.about.Digest)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "\n")
	}
	document, err := signer.Sign(t.Context(), tests(t, "app", "functional", now, k.about))
	require.NoError(t, err)
	_, err = accepted.Verify(document, "sha256:"+strings.Repeat("0", 64))
	require.EqualError(t, err, "it is about another digest")
}

// inMaterial changes by what a bundle is verified.
func inMaterial(t *testing.T, change func(material map[string]any)) func(content []byte) []byte {
	return func(content []byte) []byte {
		var bundle map[string]any
		require.NoError(t, json.Unmarshal(content, &bundle))
		change(bundle["verificationMaterial"].(map[string]any))
		changed, err := json.Marshal(bundle)
		require.NoError(t, err)
		return changed
	}
}

func logged(material map[string]any) map[string]any {
	return material["tlogEntries"].([]any)[0].(map[string]any)
}

// until is the instance as it is known to one whose trusted root has its authority's certificates for another time.
func (k *keyless) until(t *testing.T, end time.Time) *evidence.Sigstore {
	t.Helper()
	var trusted map[string]any
	require.NoError(t, json.Unmarshal(k.vendor.TrustedRoot, &trusted))
	trusted["certificateAuthorities"].([]any)[0].(map[string]any)["validFor"].(map[string]any)["end"] = end.UTC().Format(time.RFC3339)
	text, err := json.Marshal(trusted)
	require.NoError(t, err)
	instance, err := evidence.NewSigstore(k.vendor.SigningConfig, text)
	require.NoError(t, err)
	return instance
}

// askCosign has the real program verify the same.
func (k *keyless) askCosign(t *testing.T, issuer string) {
	program, root := sigstoretest.Cosign(t), filepath.Join(t.TempDir(), "trusted_root.json")
	require.NoError(t, os.WriteFile(root, k.vendor.TrustedRoot, 0o644))
	cosign := func(digest, command, subject string, more ...string) (string, error) {
		args := append([]string{command, "--trusted-root", root, "--insecure-ignore-sct", "--use-signed-timestamps", "--certificate-identity", subject, "--certificate-oidc-issuer", issuer}, more...)
		cmd := exec.CommandContext(t.Context(), program, append(args, k.repo.String()+"@"+digest)...)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	said, err := cosign(k.about.Digest, "verify", sigstoretest.SAN(workflow))
	require.NoError(t, err, said)
	said, err = cosign(k.about.Digest, "verify-attestation", sigstoretest.SAN(workflow), "--type", string(evidence.Tests))
	require.NoError(t, err, said)
	said, err = cosign(k.about.Digest, "verify", sigstoretest.SAN("somebody/else"))
	require.Error(t, err, said)
	require.Contains(t, said, "no matching CertificateIdentity found")

	other := push(t, k.repo)
	documents, err := k.registry.Attachments(t.Context(), k.repo, k.about.Digest, evidence.Types()...)
	require.NoError(t, err)
	for _, document := range documents {
		document.Content = inPayload(t, document.Content, k.about.Digest[7:], other[7:])
		require.NoError(t, k.registry.Attach(t.Context(), k.repo, other, &document))
	}
	said, err = cosign(other, "verify", sigstoretest.SAN(workflow))
	require.Error(t, err, said)
	require.Contains(t, said, "log entry", "what was signed for one image is said of another")
}

// inPayload changes the statement in a bundle.
func inPayload(t *testing.T, content []byte, from, to string) []byte {
	t.Helper()
	var bundle map[string]any
	require.NoError(t, json.Unmarshal(content, &bundle))
	envelope := bundle["dsseEnvelope"].(map[string]any)
	text, err := base64.StdEncoding.DecodeString(envelope["payload"].(string))
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	envelope["payload"] = base64.StdEncoding.EncodeToString(bytes.ReplaceAll(text, []byte(from), []byte(to)))
	content, err = json.Marshal(bundle)
	require.NoError(t, err)
	return content
}
