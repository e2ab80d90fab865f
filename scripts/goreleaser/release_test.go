package goreleaser

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
)

const file = "../../.goreleaser.yaml"

// GoReleaser's own types read the file, and nothing that they do not know.
func TestTheConfigurationIsGoReleasers(t *testing.T) {
	t.Parallel()
	project, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(project.Builds) != 1 || project.Builds[0].Main != "./ci/slipway" || !project.GoMod.Proxy || len(project.Signs) != 1 {
		t.Fatalf("something is missing: %+v", project)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"goarch:": "goarchs:", "formats: [tar.gz]": "formats: {tar: gz}", "mod_timestamp:": "timestamp:"} {
		broken := strings.Replace(string(content), from, to, 1)
		if broken == string(content) {
			t.Fatalf("no %s", from)
		}
		if _, err := config.LoadReader(strings.NewReader(broken)); err == nil {
			t.Fatalf("%s was not noticed", to)
		}
	}
}

// GoReleaser itself makes all but the release at GitHub and the signature, of this machine's
// kind alone: compiling it takes minutes, as do four programs.
func TestGoReleaserMakesTheFiles(t *testing.T) {
	if os.Getenv("SLIPWAY_TEST_RELEASE") == "" {
		t.Skip("SLIPWAY_TEST_RELEASE is not set: compiles GoReleaser and the program")
	}
	modfile, err := filepath.Abs("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	goreleaser := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "-modfile=" + modfile, "goreleaser"}, args...)...)
		cmd.Dir = copied
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	own := strings.NewReplacer("[linux, darwin]", "[linux]", "[amd64, arm64]", "["+runtime.GOARCH+"]").Replace(string(content))
	for _, command := range [][]string{
		{"git", "clone", "--quiet", "../..", copied},
		{"git", "-C", copied, "remote", "set-url", "origin", "https://github.com/slipway-cd/slipway.git"},
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(copied, ".goreleaser.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	goreleaser("check")
	goreleaser("release", "--snapshot", "--clean", "--skip=publish,sign", "--parallelism=1")
	archives, err := filepath.Glob(filepath.Join(copied, ".slipway", "dist", "slipway_*_linux_"+runtime.GOARCH+".tar.gz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("%v: %v", archives, err)
	}
	list, err := exec.CommandContext(t.Context(), "tar", "-tzf", archives[0]).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"slipway", "LICENSE", "slipway.1", "slipway.bash", "_slipway", "slipway.fish"} {
		if !strings.Contains("\n"+string(list), "\n"+name+"\n") {
			t.Fatalf("no %s in %s", name, list)
		}
	}
}
