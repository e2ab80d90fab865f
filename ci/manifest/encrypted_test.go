package manifest_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// safe is a tree whose encrypted files a key opens; ci/sops tries SOPS itself.
type safe struct {
	fstest.MapFS
	locked error
	opened map[string]int // by format
}

func (s safe) Decrypt(format string, content []byte) ([]byte, error) {
	if s.locked != nil {
		return nil, s.locked
	}
	s.opened[format]++
	var clear []string
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(strings.TrimSpace(line), "sops") || strings.HasPrefix(strings.TrimSpace(line), `"sops`) || strings.HasPrefix(line, "    mac") || strings.HasPrefix(line, "mac") || strings.HasPrefix(line, "[sops") {
			continue
		}
		clear = append(clear, line)
	}
	text := strings.NewReplacer("ENC[AES256_GCM,", "", ",type:str]", "").Replace(strings.Join(clear, ""))
	if format == "binary" {
		_, text, _ = strings.Cut(text, `"data": "`)
		text, _, _ = strings.Cut(text, `"`)
	}
	return []byte(text), nil
}

func sealed(value string) string { return "ENC[AES256_GCM," + value + ",type:str]" }

// encrypted are files as SOPS writes them, with the value s3cr3t-word in each format.
var encrypted = map[string]string{
	"yaml":   "apiVersion: v1\nkind: Secret\nmetadata:\n    name: made\nstringData:\n    password: " + sealed("s3cr3t-word") + "\nsops:\n    mac: " + sealed("mac") + "\n",
	"json":   "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"made\"},\n\"stringData\": {\"password\": \"" + sealed("s3cr3t-word") + "\"}\n,\n\"sops\": {\"mac\": \"" + sealed("mac") + "\"}\n}\n",
	"dotenv": "password=" + sealed("s3cr3t-word") + "\nsops_mac=" + sealed("mac") + "\n",
	"ini":    "[all]\npassword = " + sealed("s3cr3t-word") + "\n\n[sops]\nmac = " + sealed("mac") + "\n",
	"binary": "{\n\"data\": \"" + sealed("s3cr3t-word") + "\",\n\"sops\": {\"mac\": \"" + sealed("mac") + "\"}\n}\n",
}

// safeWith is the beta overlay with such a kustomization, beside a file of each format under a name that tells nothing.
func safeWith(kustomization string) safe {
	files := overlayOf(kustomization)
	for format, content := range encrypted {
		if format == "json" { // one object's closing lines stay
			content = strings.Replace(content, "\n,\n", ",\n", 1)
		}
		files[beta+"/"+format] = content
	}
	files[beta+"/secrets.enc.yaml"] = encrypted["yaml"]
	return safe{treeWith(files), nil, map[string]int{}}
}

func TestFilesThatSOPSEncryptedAreReadInEachFormat(t *testing.T) {
	t.Parallel()
	for format, test := range map[string]struct{ kustomization, data string }{
		"yaml":   {"resources: [secrets.enc.yaml]\n", `{"password":"s3cr3t-word"}`},
		"dotenv": {"secretGenerator: [{name: made, envs: [dotenv]}]\n", `{"password":"czNjcjN0LXdvcmQ="}`},
		"binary": {"secretGenerator: [{name: made, files: [password=binary]}]\n", `{"password":"czNjcjN0LXdvcmQ="}`},
		"ini":    {"secretGenerator: [{name: made, files: [ini]}]\n", `{"ini":"W2FsbF0KcGFzc3dvcmQgPSBzM2NyM3Qtd29yZAoK"}`},
	} {
		tree := safeWith(test.kustomization + "generatorOptions: {disableNameSuffixHash: true}\n")
		objects, err := manifest.Render(tree, beta, manifest.Layer{})
		require.NoError(t, err, format)
		require.Equal(t, map[string]int{format: 1}, tree.opened, "a file that is not named was opened")
		field := "data"
		if format == "yaml" {
			field = "stringData"
		}
		require.JSONEq(t, test.data, at(t, objects, "Secret", "made", field), format)
	}
}

func TestAnEncryptedPatchIsRead(t *testing.T) {
	t.Parallel()
	objects, err := manifest.Render(safeWith("secretGenerator: [{name: made, literals: [password=none], options: {disableNameSuffixHash: true}}]\npatches: [{path: secrets.enc.yaml}]\n"), beta, manifest.Layer{})
	require.NoError(t, err)
	require.JSONEq(t, `{"password":"s3cr3t-word"}`, at(t, objects, "Secret", "made", "stringData"))
}

func TestAFileThatNoKeyOpensIsAnErrorOfOneLineThatNamesIt(t *testing.T) {
	t.Parallel()
	for kustomization, cause := range map[string]string{
		"resources: [secrets.enc.yaml]\n":                      "secrets.enc.yaml cannot be opened",
		"patches: [{path: secrets.enc.yaml}]\n":                "secrets.enc.yaml cannot be opened",
		"secretGenerator: [{name: made, envs: [dotenv]}]\n":    "dotenv cannot be opened",
		"secretGenerator: [{name: made, files: [a=binary]}]\n": "binary cannot be opened",
		"generators: [json]\n":                                 "json cannot be opened",
	} {
		tree := safeWith(kustomization)
		tree.locked = errors.New("cannot be opened")
		_, err := manifest.Render(tree, beta, manifest.Layer{})
		require.EqualError(t, err, "render kustomize/overlays/beta: "+cause)
		_, err = manifest.Render(tree.MapFS, beta, manifest.Layer{})
		require.ErrorContains(t, err, "is encrypted by SOPS, and nothing here decrypts it")
	}
}

func TestObjectsThatAreOnlyLookedAtNeedNoKey(t *testing.T) {
	t.Parallel()
	tree := safeWith("resources: [secrets.enc.yaml]\nsecretGenerator: [{name: more, envs: [dotenv], files: [ini, binary]}]\n")
	tree.locked = errors.New("cannot be opened")
	objects, err := manifest.Render(tree, beta, manifest.Layer{Closed: true})
	require.NoError(t, err)
	require.Len(t, objects, 2)
}

func TestAnEncryptedValueGetsIntoSecretsAlone(t *testing.T) {
	t.Parallel()
	const wanted = " which only a Secret keeps out of plans and reports"
	for kustomization, object := range map[string]string{
		"configMapGenerator: [{name: made, envs: [dotenv]}]\n":  "ConfigMap made-",
		"configMapGenerator: [{name: made, files: [ini]}]\n":    "ConfigMap made-",
		"configMapGenerator: [{name: made, files: [binary]}]\n": "ConfigMap made-",
		"resources: [../../base, secrets.enc.yaml]\nreplacements: [{source: {kind: Secret, name: made, fieldPath: stringData.password}, targets: [{select: {kind: Deployment, name: api}, " +
			"fieldPaths: ['spec.template.spec.containers.[name=api].env.[name=RUN].value']}]}]\n": "Deployment api",
	} {
		_, err := manifest.Render(safeWith(kustomization), beta, manifest.Layer{})
		require.ErrorContains(t, err, object, kustomization)
		require.ErrorContains(t, err, wanted)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "s3cr3t")
	}
	known := safeWith("resources: [secrets.enc.yaml]\nconfigMapGenerator: [{name: made, literals: [word=s3cr3t-word]}]\n")
	_, err := manifest.Render(known, beta, manifest.Layer{})
	require.NoError(t, err, "the repository has the value in clear text, too")
}

func TestErrorsQuoteNothingThatWasEncrypted(t *testing.T) {
	t.Parallel()
	for _, kustomization := range []string{
		"transformers: [binary]\n",
		"configurations: [binary]\n",
		"resources: [binary]\n",
		"patches: [{path: binary}]\n",
	} {
		tree := safeWith(kustomization)
		tree.MapFS[beta+"/binary"] = &fstest.MapFile{Data: []byte(strings.Replace(encrypted["binary"], "s3cr3t-word", "s3cr3t word: more-of-it", 1))}
		_, err := manifest.Render(tree, beta, manifest.Layer{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "s3cr3t")
		require.NotContains(t, err.Error(), "more-of-it")
		t.Log(err)
	}
}

func TestWhatOnlyMentionsSOPSIsReadAsItIs(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sops}\ndata:\n  sops: mac\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sops}\ndata:\n  file: |\n    sops:\n      mac: ENC[AES256_GCM,...]\n",
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sops"}}`,
	} {
		files := overlayOf("resources: [again.yaml]\n")
		files[beta+"/again.yaml"] = content
		_, err := manifest.Render(treeWith(files), beta, manifest.Layer{})
		require.NoError(t, err)
	}
}
