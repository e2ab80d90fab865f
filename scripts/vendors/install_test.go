package vendors

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheModuleRunsFromAnEmptyFolder(t *testing.T) {
	t.Parallel()
	p := moduleOf(t)
	empty := t.TempDir()
	out, err := run(t, empty, p.elsewhere(t), "go", "run", modulePath+"/ci@latest", "version", "--json")
	require.NoError(t, err, out)
	var about map[string]string
	printed := strings.LastIndex(out, "{") // behind what go may say of a download
	require.NoError(t, json.Unmarshal([]byte(out[max(printed, 0):]), &about), out)
	require.Equal(t, p.version, about["version"])
	require.True(t, strings.HasPrefix(about["sum"], "h1:"), out)
	require.Regexp(t, `^v\d+\.\d+\.\d+$`, about["dagger"])
	require.Equal(t, must(t, ".", "go", "env", "GOVERSION"), about["go"])

	out, err = run(t, empty, p.elsewhere(t), "go", "run", modulePath+"/ci@"+p.version, "nothing")
	require.Error(t, err)
	require.Contains(t, out, "slipway: unexpected argument nothing; see `go run "+modulePath+"/ci@"+p.version+" --help`")
	require.Contains(t, out, "exit status 2")
	entries, err := os.ReadDir(empty)
	require.NoError(t, err)
	require.Empty(t, entries, "it leaves nothing")
}

func TestTheProgramIsInstalledUnderItsName(t *testing.T) {
	t.Parallel()
	p := moduleOf(t)
	program := p.install(t)
	out, err := run(t, t.TempDir(), machine(t), program, "version")
	require.NoError(t, err, out)
	require.True(t, strings.HasPrefix(out, "slipway "+p.version+"\nsum     h1:"), out)
	out, _ = run(t, t.TempDir(), machine(t), program, "--help")
	require.True(t, strings.HasPrefix(out, "Usage: slipway <command> [flags]\n"), out)
}

// What the sandbox and SOPS's program are compiled from is in modules below this one, which its zip leaves out.
func TestAnInstalledProgramFindsTheSandboxsSources(t *testing.T) {
	t.Parallel()
	program, cache := moduleOf(t).install(t), t.TempDir()
	out, err := run(t, t.TempDir(), machine(t, "XDG_CACHE_HOME="+cache), program, "sandbox", "env")
	require.Error(t, err, out)
	require.Contains(t, out, "sandbox: the sandbox is not up", "as its own program says, which was compiled")
	found, err := filepath.Glob(filepath.Join(cache, "slipway", "sources", "*", "sandbox", "images", "node", "go.mod"))
	require.NoError(t, err)
	require.Len(t, found, 1)
}

// The sandbox that runs is the one that these sources make.
func TestAnInstalledProgramRunsTheProgramOfTheSandbox(t *testing.T) {
	sandbox(t)
	cache := must(t, ".", "sh", "-c", `echo "${XDG_CACHE_HOME:-$HOME/.cache}"`)
	program := moduleOf(t).install(t)
	for _, args := range [][]string{{"up"}, {"status"}, {"env"}} {
		out, err := run(t, t.TempDir(), machine(t, "XDG_CACHE_HOME="+cache), append([]string{program, "sandbox"}, args...)...)
		require.NoError(t, err, out)
		require.NotContains(t, out, "building")
	}
}

func TestShellsCompleteTheCommandLine(t *testing.T) {
	t.Parallel()
	program := moduleOf(t).install(t)
	env := machine(t, "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
	for shell, ask := range map[string]func(line ...string) string{
		// As Bash calls the function: behind its words, where = is one of its own.
		"bash": func(line ...string) string {
			return `source <(slipway completion bash)
complete -p slipway >&2
COMP_WORDS=(slipway ` + quoted(line) + `) COMP_CWORD=` + number(len(line)) + `
_slipway slipway "${COMP_WORDS[COMP_CWORD]#=}" && printf '%s\n' "${COMPREPLY[@]}"`
		},
		"zsh": func(line ...string) string {
			return `compdef() { : }; _files() { echo files }; _describe() { print -l -- "${(@P)2%%:*}" }
source <(slipway completion zsh)
words=(slipway ` + quoted(line) + `) CURRENT=` + number(len(line)+1) + `; _slipway`
		},
		"fish": func(line ...string) string {
			return "slipway completion fish | source\ncomplete --do-complete 'slipway " + strings.Join(line, " ") + "' | cut -f 1"
		},
	} {
		if _, err := exec.LookPath(shell); err != nil && os.Getenv("CI") == "" {
			t.Logf("no %s here", shell)
			continue
		}
		complete := func(line ...string) []string {
			out, err := run(t, t.TempDir(), env, shell, "-c", ask(line...))
			require.NoError(t, err, "%s: %s", shell, out)
			out = strings.TrimPrefix(out, "complete -o bashdefault -o default -F _slipway slipway\n")
			return strings.Fields(out)
		}
		require.Contains(t, complete(""), "plan", shell)
		require.NotContains(t, complete(""), "__complete", shell)
		require.Equal(t, []string{"plan"}, complete("pl"), shell)
		require.Equal(t, []string{"functional"}, complete("--until", "f"), shell)
		require.Equal(t, []string{"up"}, complete("sandbox", "u"), shell)
		require.Equal(t, []string{"--to"}, complete("rollback", "--to"), shell)
		if shell == "bash" {
			require.Equal(t, []string{"functional"}, complete("--until", "=", "f"), shell)
			require.Len(t, complete("--until", "="), 5, shell)
		} else {
			require.Equal(t, []string{"--until=functional"}, complete("--until=f"), shell)
		}
	}
}

func TestTheManPageIsWellFormed(t *testing.T) {
	t.Parallel()
	needs(t, "groff")
	program := moduleOf(t).install(t)
	page := filepath.Join(t.TempDir(), "slipway.1")
	must(t, ".", "sh", "-c", program+" man >"+page)
	out := must(t, ".", "groff", "-ww", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", page) // a warning would be in it, too
	require.NotContains(t, out, "warning")
	for _, text := range []string{"SLIPWAY(1)", "--production-kubeconfig=FILE", "$SLIPWAY_PRODUCTION_KUBECONFIG", "slipway sandbox <action>"} {
		require.Contains(t, out, text)
	}
	require.NotContains(t, out, "__complete")
}
