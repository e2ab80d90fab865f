package sbom

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, document string) Packages {
	t.Helper()
	out := Packages{}
	require.NoError(t, out.Add([]byte(document)))
	return out
}

func TestPackagesThatComeGoOrChangeAreTold(t *testing.T) {
	t.Parallel()
	before := read(t, `{"bomFormat": "CycloneDX", "components": [
		{"type": "library", "name": "golang.org/x/net", "version": "v0.1.0", "purl": "pkg:golang/golang.org/x/net@v0.1.0"},
		{"type": "library", "name": "stays", "version": "1", "purl": "pkg:deb/debian/stays@1?arch=amd64"},
		{"type": "library", "name": "goes", "version": "1"},
		{"type": "file", "name": "/etc/passwd"}]}`)
	after := read(t, `{"bomFormat": "CycloneDX", "components": [
		{"type": "library", "name": "golang.org/x/net", "version": "v0.2.0", "purl": "pkg:golang/golang.org/x/net@v0.2.0"},
		{"type": "library", "name": "golang.org/x/net", "version": "v0.1.0", "purl": "pkg:golang/golang.org/x/net@v0.1.0"},
		{"type": "library", "name": "stays", "version": "1", "purl": "pkg:deb/debian/stays@1?arch=arm64"},
		{"type": "operating-system", "name": "debian", "version": "13", "components": [{"type": "library", "group": "org.example", "name": "inner", "version": "2", "purl": "pkg:maven/org.example/inner@2"}]},
		{"type": "file", "name": "/etc/shadow"}]}`)
	require.Equal(t, []Change{
		{"golang/golang.org/x/net", []string{"v0.1.0"}, []string{"v0.1.0", "v0.2.0"}},
		{"library/goes", []string{"1"}, []string{}},
		{"maven/org.example/inner", []string{}, []string{"2"}},
		{"operating-system/debian", []string{}, []string{"13"}},
	}, Compare(before, after))
	require.Empty(t, Compare(after, after))
}

func TestWhatIsNoSBOMIsNotTakenForAnEmptyOne(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "{}", `{"spdxVersion": "SPDX-2.3"}`, `{"bomFormat": "CycloneDX", "components": {}}`} {
		require.ErrorContains(t, Packages{}.Add([]byte(text)), "it is no CycloneDX document", text)
	}
}
