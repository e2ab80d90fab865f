package sops

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// Keys that open nothing but what these tests encrypt.
const (
	sopsTestKey       = "AGE-SECRET-KEY-1TR6WQJEW3ATYE8JGGC5EKFGGK20LY0ALQD36UE8S8TRVZUKM6T8SAWSRUU"
	sopsTestRecipient = "age1mj6mah60hmmfvrpzz26pspgduzvfav8jkmkpg2nsr84elz67yukqrfjfqz"
	otherTestKey      = "AGE-SECRET-KEY-1T8GLT6T39T0TSLSHZ7G0Y75Y93T3C9083XSHP7ZRGEQRSRZGD8HSXDXR9N"
)

// sealedFolder is a folder with an overlay, of which files are encrypted by SOPS's own program.
func sealedFolder(t *testing.T) (folder string, tree *Tree) {
	if os.Getenv("SLIPWAY_TEST_SOPS") == "" {
		t.Skip("SLIPWAY_TEST_SOPS is not set: it compiles SOPS, which takes minutes")
	}
	program, err := pinnedProgram(t.Context())
	require.NoError(t, err)
	t.Setenv("HOME", t.TempDir()) // no keys of whoever runs this; the compiler's cache is in the former
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("SOPS_AGE_KEY", sopsTestKey)
	folder = t.TempDir()
	for name, file := range map[string]struct{ format, content string }{
		"secret.enc.yaml":    {"yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: in-a-yaml, port: 5432}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {password: in-another}\n"},
		"secret.enc.json":    {"json", `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}, "stringData": {"password": "in-a-json"}}`},
		"database.env.enc":   {"dotenv", "# of the database\nPASSWORD=in-an-env\n"},
		"settings.encrypted": {"ini", "[all]\npassword = in-an-ini\n"},
		"password":           {"binary", "in-a-file\n"},
	} {
		cmd := exec.Command(program, "--encrypt", "--age", sopsTestRecipient, "--encrypted-regex", "^(data|stringData|PASSWORD|password)$", "--input-type", file.format, "--output-type", file.format, "/dev/stdin")
		if file.format == "binary" {
			cmd.Args = append(cmd.Args[:4], cmd.Args[6:]...)
		}
		cmd.Stdin = strings.NewReader(file.content)
		var said bytes.Buffer
		cmd.Stderr = &said
		encrypted, err := cmd.Output()
		require.NoError(t, err, said.String())
		require.NotContains(t, string(encrypted), "in-a")
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), encrypted, 0o600))
	}
	kustomization := "resources: [secret.enc.yaml, secret.enc.json]\n" +
		"secretGenerator: [{name: d, envs: [database.env.enc], files: [settings.encrypted, password]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(kustomization), 0o600))
	tree = New(t.Context(), folder)
	tree.program = func(context.Context) (string, error) { return program, nil }
	return folder, tree
}

func TestSOPSOpensWhatItEncrypted(t *testing.T) {
	_, tree := sealedFolder(t)
	objects, err := manifest.Render(tree, ".", manifest.Layer{})
	require.NoError(t, err)
	text, err := manifest.YAML(objects)
	require.NoError(t, err)
	for _, want := range []string{"password: in-a-yaml", "port: 5432", "password: in-another", "password: in-a-json",
		"PASSWORD: aW4tYW4tZW52\n", "password: aW4tYS1maWxlCg==", "settings.encrypted: W2FsbF0KcGFzc3dvcmQgPSBpbi1hbi1pbmkK"} {
		require.Contains(t, string(text), want)
	}
	require.NotContains(t, string(text), "sops")
	tree.program = func(context.Context) (string, error) { panic("asked again") }
	_, err = manifest.Render(tree, ".", manifest.Layer{})
	require.NoError(t, err)
}

func TestSOPSOpensNothingWithoutItsKey(t *testing.T) {
	for name, key := range map[string]string{"none": "", "another": otherTestKey, "no key at all": "AGE-SECRET-KEY-NONE"} {
		t.Run(name, func(t *testing.T) {
			_, tree := sealedFolder(t)
			t.Setenv("SOPS_AGE_KEY", key)
			_, err := manifest.Render(tree, ".", manifest.Layer{})
			require.EqualError(t, err, "render .: secret.enc.yaml is encrypted by SOPS, and no key of the environment opens it (want one of "+sopsTestRecipient+
				"): set SOPS_AGE_KEY (or SOPS_AGE_KEY_FILE), or the credentials of its KMS")
			_, err = manifest.Render(tree, ".", manifest.Layer{Closed: true})
			require.NoError(t, err)
		})
	}
}

func TestSOPSFindsWhatWasChanged(t *testing.T) {
	folder, tree := sealedFolder(t)
	for name, change := range map[string][2]string{
		"secret.enc.yaml":  {"name: a", "name: z"}, // in clear text
		"secret.enc.json":  {`"stringData": {`, `"stringData": { "more": "x",`},
		"database.env.enc": {"PASSWORD=ENC[AES256_GCM,data:", "PASSWORD=ENC[AES256_GCM,data:AAAA"},
		"password":         {`"lastmodified": "2`, `"lastmodified": "3`},
	} {
		file := filepath.Join(folder, name)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		changed := strings.Replace(string(content), change[0], change[1], 1)
		require.NotEqual(t, string(content), changed, name)
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
		_, err = manifest.Render(tree, ".", manifest.Layer{})
		require.EqualError(t, err, "render .: "+name+" was changed after SOPS had encrypted it, or is damaged: take it from git as it was, and change it with `sops edit`")
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
}

func TestWithoutTheProgramAnErrorSaysWhereItIs(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	_, err := findProgram(t.Context())
	require.EqualError(t, err, "is encrypted by SOPS, whose program is not here: install sops (https://getsops.io), or Go, which compiles it")
}
