package e2e

import (
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
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/report"
)

// secret is the password of the tests' keys.
const secret = "not-to-be-seen"

// cosign runs the real program in a folder.
func (w *world) cosign(t *testing.T, folder string, args ...string) ended {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), sigstoretest.Cosign(t), args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "COSIGN_PASSWORD="+secret)
	return w.finish(cmd)
}

// vouched is an application whose evidence a key of cosign's signs.
type vouched struct {
	example
	keys    string // folder of cosign.key and cosign.pub
	shipped ended
}

func newVouched(t *testing.T, namespace string) *vouched {
	t.Helper()
	w := sandbox(t).with("COSIGN_PASSWORD=" + secret)
	n := w.newNamespaces(t, namespace)
	v := &vouched{example: example{world: w, n: n, r: w.hello(t, n.production), name: "hello"}, keys: t.TempDir()}
	require.Equal(t, 0, w.cosign(t, v.keys, "generate-key-pair").code)
	v.args = []string{"--sign-key", filepath.Join(v.keys, "cosign.key")}
	v.accept(t, v.keys)
	v.r.commit()
	v.shipped = v.example.shipped(t)
	return v
}

// accept has the application take the word of a folder's key.
func (v *vouched) accept(t *testing.T, keys string) {
	t.Helper()
	public, err := os.ReadFile(filepath.Join(keys, "cosign.pub"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(v.r.path("cosign.pub"), public, 0o644))
	described, err := os.ReadFile(filepath.Join("testdata", "hello", ".slipway.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(v.r.path(".slipway.yaml"), append(described, "\nevidence: {keys: [cosign.pub]}\n"...), 0o644))
}

func (v *vouched) repository(t *testing.T) (*image.Registry, image.Repository) {
	t.Helper()
	repo, err := image.ParseRepository(v.Registry + "/hello")
	require.NoError(t, err)
	return &image.Registry{}, repo
}

func TestCosignFindsAndVerifiesWhatARunAttached(t *testing.T) {
	v := newVouched(t, "cosign")
	digest := v.Registry + "/hello@" + v.shipped.report.Digest
	key := []string{"--key", "cosign.pub", "--insecure-ignore-tlog"}
	require.Equal(t, 0, v.cosign(t, v.keys, append(append([]string{"verify"}, key...), digest)...).code)
	for kind, says := range map[string]string{
		"slsaprovenance1": `"gitCommit":"` + v.r.git("rev-parse", "HEAD") + `"`,
		"https://in-toto.io/attestation/test-result/v0.1": `"result":"PASSED"`,
		"cyclonedx":                           `"bomFormat":"CycloneDX"`,
		"https://sigstore.dev/cosign/sign/v1": `"predicate":{}`,
	} {
		verified := v.cosign(t, v.keys, append(append([]string{"verify-attestation", "--type", kind}, key...), digest)...)
		require.Equal(t, 0, verified.code, verified.stderr)
		require.Contains(t, strings.ReplaceAll(payloads(t, verified.stdout), ": ", ":"), says, kind)
	}
	other := t.TempDir()
	require.Equal(t, 0, v.cosign(t, other, "generate-key-pair").code)
	wrong := v.cosign(t, other, append(append([]string{"verify"}, key...), digest)...)
	require.NotEqual(t, 0, wrong.code)
	require.Contains(t, wrong.stderr, "could not verify envelope")

	told := v.shipped.report.Evidence
	require.NotNil(t, told)
	require.Regexp(t, `^key [0-9a-f]{8}$`, told.Signer)
	require.NotEmpty(t, told.SBOM)
	require.Equal(t, []string{"metrics.txt", "sbom.cdx.json"}, v.shipped.report.Files)
	require.Equal(t, []string{"Service", "Ingress"}, told.Tests[0].Addresses)
	status := v.run(t, append([]string{"status", "--source", v.r.folder}, v.n.flags()...)...)
	require.Contains(t, status.stdout, "signed by   "+told.Signer)
	require.Contains(t, status.stdout, v.Image+"/hello@"+told.SBOM)
	require.NotContains(t, v.shipped.stdout+v.shipped.stderr+v.shipped.engineLog, secret)
}

// payloads are the statements that cosign prints.
func payloads(t *testing.T, printed string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(printed) {
		var envelope struct{ Payload string }
		require.NoError(t, json.Unmarshal([]byte(line), &envelope), line)
		statement, err := base64.StdEncoding.DecodeString(envelope.Payload)
		require.NoError(t, err)
		out.Write(statement)
	}
	return out.String()
}

// promote ships a version as it was released, to other namespaces.
func (v *vouched) promote(t *testing.T, n namespaces, version string, args ...string) ended {
	t.Helper()
	return v.pipeline(t, v.r, n, append([]string{"--from", "release", "--version", version}, args...)...)
}

func TestAReleaseIsPromotedAndRolledBackByItsEvidenceAlone(t *testing.T) {
	v := newVouched(t, "promoted")
	first := v.shipped
	second := v.newNamespaces(t, "elsewhere", "--source", v.r.folder)
	second.build = v.n.build
	v.r.edit("kustomize/base/hello.yaml", "/"+v.n.production, "/"+second.production)
	done := v.promote(t, second, first.report.Version)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, []string{"build passed", "deploy passed", "production passed", "cleanup passed"}, done.results())
	require.Equal(t, first.report.Digest, done.report.Digest)
	require.Equal(t, first.report.Commit, done.report.Commit)

	v.r.git("checkout", ".")
	v.r.commit()
	v.example.shipped(t)
	v.args = nil // nothing is signed on the way back
	v.rollsBack(t, first)

	absent := v.promote(t, second, "0.0.0")
	require.Equal(t, 2, absent.code, absent.stdout)
	require.Contains(t, absent.stderr, "has no version 0.0.0: give one that was released")
}

// TestADeployTakesNoImageOfWhichNobodyItTrustsSaysThatItWasTested: each reason has its own line, and nothing is changed.
func TestADeployTakesNoImageOfWhichNobodyItTrustsSaysThatItWasTested(t *testing.T) {
	v := newVouched(t, "untrusted")
	registry, repo := v.repository(t)
	signer := v.key(t, v.keys)
	other := t.TempDir()
	require.Equal(t, 0, v.cosign(t, other, "generate-key-pair").code)
	before := v.snapshot(t, v.n)
	for n, c := range []struct {
		name   string
		attach func(t *testing.T, about evidence.Subject)
		says   string
	}{
		{"nothing is attached", nil, "it has none"},
		{"nobody signed", v.attaches(registry, repo, evidence.Unsigned{}, "hello", time.Now()), "test results: it is not signed"},
		{"somebody else signed", v.attaches(registry, repo, v.key(t, other), "hello", time.Now()), "test results: it was signed by " + v.key(t, other).String()},
		{"another application", v.attaches(registry, repo, signer, "shop", time.Now()), "test results: they are of shop"},
		{"another version", func(t *testing.T, about evidence.Subject) {
			suite := evidence.Suite{Application: "hello", Stage: "functional", Version: "4-g76803439", Finished: time.Now()}
			statement, err := evidence.NewTests(evidence.Results{Suite: suite}, about)
			require.NoError(t, err)
			v.attach(t, registry, repo, signer, about.Digest, statement)
		}, "test results: they are of version 4-g76803439, not "},
		{"another digest", func(t *testing.T, about evidence.Subject) {
			v.attach(t, registry, repo, signer, about.Digest, v.tests(t, "hello", time.Now(), evidence.Subject{Name: about.Name, Digest: v.shipped.report.Digest}))
		}, "test results: it is about another digest"},
		{"one byte of the SBOM", func(t *testing.T, about evidence.Subject) {
			v.attaches(registry, repo, signer, "hello", time.Now())(t, about)
			v.attachChanged(t, registry, repo, signer, about)
		}, "SBOM: it is not what " + signer.String() + " signed: it was changed since"},
		{"expired", v.attaches(registry, repo, signer, "hello", time.Now().Add(-100*24*time.Hour)), "test results: they ended 100d ago, and count for 90d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			version, about := v.unproven(t, registry, repo, n)
			if c.attach != nil {
				c.attach(t, about)
			}
			v.r.edit(".slipway.yaml", "keys: [cosign.pub]}", "keys: [cosign.pub], maxAge: 90d}")
			defer v.accept(t, v.keys)
			done := v.promote(t, v.n, version)
			require.Equal(t, 30, done.code, done.stdout+done.stderr)
			require.Contains(t, done.stderr, "evidence: ")
			require.Contains(t, done.stderr, c.says)
			require.Equal(t, 1, strings.Count(strings.TrimSpace(done.stderr), "\n")+1, done.stderr)
		})
	}
	requireSame(t, before, v.snapshot(t, v.n), "nothing was to be changed")

	version, _ := v.unproven(t, registry, repo, 99)
	taken := v.promote(t, v.n, version, "--without-evidence")
	require.Equal(t, report.Passed, taken.stage(t, "deploy").Result, taken.stdout+taken.stderr)
	require.True(t, taken.report.Evidence.Without)
	require.Equal(t, 21, taken.code, "it answers as the version that it is a copy of")
}

func (v *vouched) key(t *testing.T, folder string) *evidence.Key {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "cosign.key"))
	require.NoError(t, err)
	key, err := evidence.ParseKey(content, secret)
	require.NoError(t, err)
	return key
}

// unproven is a version whose image is another than what was shipped, in its time alone: it runs as that does, and nothing is
// attached to it.
func (v *vouched) unproven(t *testing.T, registry *image.Registry, repo image.Repository, n int) (version string, about evidence.Subject) {
	t.Helper()
	version = strings.Repeat("x", n%7+1) + "-" + v.session + "-unproven"
	digest, err := registry.Stamp(t.Context(), repo, v.shipped.report.Digest, version, time.Unix(int64(1000000+n), 0))
	require.NoError(t, err)
	return version, evidence.Subject{Name: repo.String(), Digest: digest}
}

func (v *vouched) tests(t *testing.T, application string, finished time.Time, about evidence.Subject) *evidence.Statement {
	t.Helper()
	statement, err := evidence.NewTests(evidence.Results{Suite: evidence.Suite{Application: application, Stage: "functional", Started: finished, Finished: finished}, Passed: []string{"hello"}}, about)
	require.NoError(t, err)
	return statement
}

func (v *vouched) attach(t *testing.T, registry *image.Registry, repo image.Repository, signer evidence.Signer, digest string, statements ...*evidence.Statement) {
	t.Helper()
	require.NoError(t, attest.Attach(t.Context(), registry, repo, digest, signer, statements...))
}

// attaches returns what attaches test results.
func (v *vouched) attaches(registry *image.Registry, repo image.Repository, signer evidence.Signer, application string, finished time.Time) func(*testing.T, evidence.Subject) {
	return func(t *testing.T, about evidence.Subject) {
		t.Helper()
		v.attach(t, registry, repo, signer, about.Digest, v.tests(t, application, finished, about))
	}
}

// attachChanged attaches an SBOM that was changed after it was signed.
func (v *vouched) attachChanged(t *testing.T, registry *image.Registry, repo image.Repository, signer evidence.Signer, about evidence.Subject) {
	t.Helper()
	statement, err := evidence.NewSBOM([]byte(`{"bomFormat":"CycloneDX"}`), about)
	require.NoError(t, err)
	document, err := signer.Sign(t.Context(), statement)
	require.NoError(t, err)
	var bundle map[string]any
	require.NoError(t, json.Unmarshal(document.Content, &bundle))
	envelope := bundle["dsseEnvelope"].(map[string]any)
	signed, err := base64.StdEncoding.DecodeString(envelope["payload"].(string))
	require.NoError(t, err)
	envelope["payload"] = base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(signed), "CycloneDX", "CycloneDY", 1)))
	changed, err := json.Marshal(bundle)
	require.NoError(t, err)
	require.NoError(t, registry.Attach(t.Context(), repo, about.Digest, &image.Attachment{Type: document.Type, Annotations: document.Annotations, Content: changed}))
}

// TestFunctionalTestsThatPassedForTheSameAreNotRepeated: a pull request, and what is merged as it was tested.
func TestFunctionalTestsThatPassedForTheSameAreNotRepeated(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "reuse")
	r := w.hello(t, n.production)
	tested := w.pipeline(t, r, n, "--until", "functional")
	require.Equal(t, 0, tested.code, tested.stdout+tested.stderr)
	merged := w.pipeline(t, r, n, "--reuse-evidence")
	require.Equal(t, 0, merged.code, merged.stdout+merged.stderr)
	require.Equal(t, []string{"build passed", "functional skipped", "release passed", "deploy passed", "production passed", "cleanup passed"}, merged.results())
	require.Contains(t, merged.stage(t, "functional").Detail, "in run "+tested.report.Run+" for the same images, beta, tests and cluster: statement sha256:")
	require.NotEmpty(t, merged.stage(t, "production").Tests)

	again := w.pipeline(t, r, n)
	require.Equal(t, allPassed, again.results(), "it was not asked for")
	r.edit("kustomize/base/hello.yaml", "replicas: 1", "replicas: 2")
	changed := w.pipeline(t, r, n, "--reuse-evidence", "--version", merged.report.Version)
	require.Equal(t, 0, changed.code, changed.stdout+changed.stderr)
	require.Equal(t, allPassed, changed.results(), "the beta is another")
}
