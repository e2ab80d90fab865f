package plan

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

func TestAChangeConcernsWhatIsMadeFromItAndNothingElse(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"node/entrypoint.sh":        {"image node"},
		"node/etc/kubelet.yaml":     {"image node"},
		"node/loadbalancer/main.go": {"image node", "programs node"},
		"node/go.sum":               {"image node", "programs node"},
		"node/stand-ins/ext/ext.go": {"image node", "programs node"},
		"node/pause/main.go":        {"image node", "image pause", "image registry", "programs node"},
		"engine/entrypoint.sh":      {"image engine"},
		"engine/go.mod":             {"image engine", "programs engine"},
		"golang/Dockerfile":         {"image engine", "image golang", "image registry"},
		"light/kubectl/main.go":     {"programs light"},
		"postgres/entrypoint.sh":    {"image postgres", "image registry"},
		"syft/Dockerfile":           {"image registry", "image syft"},
		"syft/go.mod":               {"image registry", "image syft", "programs syft"},
		"pause/Dockerfile":          {"image pause", "image registry"},
		"registry/config.yml":       {"image registry", "image registry-empty"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			require.NoError(t, os.CopyFS(folder, os.DirFS("../../images")))
			before, err := Make(os.DirFS(folder))
			require.NoError(t, err)
			sandboxtest.Append(t, filepath.Join(folder, path), "# more\n")
			after, err := Make(os.DirFS(folder))
			require.NoError(t, err)
			require.Equal(t, want, changed(before, after))
		})
	}
}

func changed(before, after *Plan) []string {
	var names []string
	for name, key := range after.Programs {
		if before.Programs[name] != key {
			names = append(names, "programs "+name)
		}
	}
	for name, key := range after.Images {
		if before.Images[name] != key {
			names = append(names, "image "+name)
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryImageThatIsBuiltHasADockerfile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"golang", "postgres", "pause", "syft", "registry", "engine", "node"} {
		require.FileExists(t, filepath.Join("../../images", name, "Dockerfile"))
	}
}

// What copies.sh makes, and what stands in, is what go.mod replaces.
func TestReplacedModulesAreThere(t *testing.T) {
	t.Parallel()
	for name, copies := range map[string]*regexp.Regexp{
		"node":   regexp.MustCompile(`(?m)^copy (\S+)@v\S+ (\S+)$`),
		"engine": regexp.MustCompile(`download -json (\S+)@v(?s:.*?)cp -r "\$dir" copies/(\S+)\n`),
	} {
		script, err := os.ReadFile(filepath.Join("../../images", name, "copies.sh"))
		require.NoError(t, err)
		made := map[string]string{} // folder to module
		for _, match := range copies.FindAllStringSubmatch(string(script), -1) {
			made[match[2]] = match[1]
		}
		require.NotEmpty(t, made)
		mod, err := os.ReadFile(filepath.Join("../../images", name, "go.mod"))
		require.NoError(t, err)
		replaced := map[string]string{}
		for _, match := range regexp.MustCompile(`(\S+) => \./copies/(\S+)`).FindAllStringSubmatch(string(mod), -1) {
			replaced[match[2]] = match[1]
		}
		if name == "engine" { // the script makes the second version's path from the first's
			require.Equal(t, made["dang"]+"/v2", replaced["dang"])
			made["dang"] += "/v2"
		}
		require.Equal(t, made, replaced, name)
		for _, match := range regexp.MustCompile(`=> (\./stand-ins/\S+)`).FindAllStringSubmatch(string(mod), -1) {
			require.FileExists(t, filepath.Join("../../images", name, match[1], "go.mod"))
		}
	}
}

func TestVersionsAreThoseOfTheGoModules(t *testing.T) {
	t.Parallel()
	for folder, line := range map[string]string{
		"engine": "\tgithub.com/dagger/dagger " + DaggerVersion + "\n",
		"node":   "\tk8s.io/kubernetes " + KubernetesVersion + "\n",
		"syft":   "\tgithub.com/anchore/syft " + SyftVersion + " // indirect\n", // a tool
	} {
		text, err := os.ReadFile(filepath.Join("../../images", folder, "go.mod"))
		require.NoError(t, err)
		require.Contains(t, string(text), line)
	}
}

func TestOneModulesVersionIsNoOthers(t *testing.T) {
	t.Parallel()
	require.Contains(t, LinkerFlags("syft"), " -X main.version=1.57.1")
	for _, module := range []string{"node", "engine", "light"} {
		require.NotContains(t, LinkerFlags(module), "main.version")
	}
}
