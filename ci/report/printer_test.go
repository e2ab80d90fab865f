package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway-cd/slipway/ci/goldentest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

// failingRun plays a run whose functional stage fails, with the time that it would take.
func failingRun(printer report.Printer) {
	printer.Begin(report.Header{Run: "42", Version: "1.2.3", Commit: "0a1b2c3", Image: "registry.local/go-demo", Cluster: "sandbox", Report: ".slipway/runs/42"})
	start := time.Now()
	printer.StageStarted("build")
	printer.Note("build", "unit tests")
	printer.Note("build", "unit tests")
	time.Sleep(250 * time.Millisecond)
	printer.Note("build", "push\nregistry.local/go-demo:1.2.3-beta, a note that is far too long for the terminal it goes to")
	time.Sleep(100 * time.Millisecond)
	printer.StageEnded(report.Stage{Name: "build", Result: report.Passed, Start: start, Seconds: 0.35, Detail: "sha256:0123456789ab"}, []string{"not shown"})
	printer.StageStarted("functional")
	time.Sleep(120 * time.Millisecond) // never at the time of a redraw: which comes first is then open
	printer.StageEnded(report.Stage{
		Name: "functional", Result: report.Failed, Start: start, Seconds: 75.2,
		Error:    "Deployment go-demo-build/api-42: crashes, and this line is as long as it must be to say so in full",
		Cause:    "container api ends with exit code 1",
		Evidence: []string{"pod api-42-xyz: CrashLoopBackOff"},
		Try:      "kubectl logs -n go-demo-build deployment/api-42",
	}, []string{"panic: no database", "\x1b[31mred\x1b[0m \x1b]0;title\x07and\ttabs"})
	printer.StageEnded(report.Stage{Name: "release", Result: report.Skipped, Detail: "a stage before it failed"}, nil)
	printer.StageStarted("cleanup")
	printer.StageEnded(report.Stage{Name: "cleanup", Result: report.Passed, Start: start, Seconds: 0.1}, nil)
	printer.End(report.Report{Run: "42", Version: "1.2.3", Digest: "sha256:0123", Result: report.Failed, ExitCode: 32, Seconds: 75.65, Undo: report.Undo{Done: true},
		Receipt: &report.Receipt{Changed: 2, Objects: 21, Others: []report.Touched{{Namespace: "go-demo", Kind: "Deployment", Name: "api", Action: report.Configured, By: []string{"kube-controller-manager"}}}}})
}

func noEnv(string) string { return "" }

// play returns what a mode prints of the failing run.
func play(t *testing.T, mode report.Mode, screen report.Screen) string {
	t.Helper()
	var out bytes.Buffer
	screen.Out = &out
	synctest.Test(t, func(*testing.T) { failingRun(report.NewPrinter(mode, screen, noEnv)) })
	return out.String()
}

func TestEveryModePrintsWhatItsGoldenFileHolds(t *testing.T) {
	t.Parallel()
	narrow := func() int { return 60 }
	for name, test := range map[string]struct {
		mode   report.Mode
		screen report.Screen
	}{
		"plain":     {report.Plain, report.Screen{}},
		"json":      {report.JSON, report.Screen{}},
		"github":    {report.GitHub, report.Screen{}},
		"gitlab":    {report.GitLab, report.Screen{}},
		"azure":     {report.Azure, report.Screen{}},
		"tty":       {report.TTY, report.Screen{Width: narrow}},
		"tty-color": {report.TTY, report.Screen{Width: narrow, Color: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goldentest.Require(t, name+".golden", play(t, test.mode, test.screen))
		})
	}
}

func TestWhatTheApplicationPrintsIsNoCommandOfTheVendor(t *testing.T) {
	t.Parallel()
	for _, mode := range []report.Mode{report.GitHub, report.GitLab, report.Azure} {
		var out bytes.Buffer
		printer := report.NewPrinter(mode, report.Screen{Out: &out}, noEnv)
		printer.Begin(report.Header{Run: "1"})
		own := regexp.MustCompile(`(?m)^(::(group|endgroup|error)|##\[(group|endgroup)\]|##vso\[task\.logissue type=error\]|\x1b\[0Ksection_(start|end)).*$`)
		hostile := "::set-env name=A::b\n::stop-commands::x\n##[set-env name=A;]b ##vso[task.setvariable variable=A]b\x1b[0Ksection_end:1:build\r"
		printer.StageStarted("build")
		printer.Note("build", hostile)
		printer.StageEnded(report.Stage{Name: "build", Result: report.Failed, Error: hostile, Cause: hostile, Evidence: []string{hostile}, Try: hostile}, []string{hostile})
		printer.End(report.Report{Undo: report.Undo{Error: hostile}})
		rest := own.ReplaceAllString(out.String(), "")
		require.NotRegexp(t, `(?m)^\s*::`, rest, mode)
		require.NotContains(t, rest, "\x1b", mode)
		if mode != report.GitLab {
			require.NotContains(t, rest, "##", mode)
		}
		for _, line := range own.FindAllString(out.String(), -1) { // nothing ends one of ours early
			require.LessOrEqual(t, strings.Count(line, "\x1b[0Ksection_"), 1, line)
			require.True(t, mode == report.GitLab || strings.Count(line, "##") <= 1, line)
		}
	}
}

func TestALiveTerminalEndsUpWithEachStageOnce(t *testing.T) {
	t.Parallel()
	goldentest.Require(t, "tty-screen.golden", onScreen(t, play(t, report.TTY, report.Screen{Width: func() int { return 60 }})))
}

// onScreen does what a terminal does with the bytes: lines, cursor up, erase to the end.
func onScreen(t *testing.T, text string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, "\x1b["); found {
			up, after, found := strings.Cut(rest, "A\x1b[J")
			require.True(t, found, line)
			require.Len(t, up, 1)
			lines, line = lines[:len(lines)-int(up[0]-'0')], after
		}
		require.NotContains(t, line, "\x1b")
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestTwoStagesThatRunTogetherHaveALineEach(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	synctest.Test(t, func(*testing.T) {
		printer := report.NewPrinter(report.TTY, report.Screen{Out: &out}, noEnv)
		printer.Begin(report.Header{Run: "42"})
		printer.StageStarted("build")
		printer.StageStarted("deploy")
		time.Sleep(210 * time.Millisecond)
		printer.StageEnded(report.Stage{Name: "build", Result: report.Passed, Seconds: 0.2}, nil)
		goldentest.Require(t, "tty-two.golden", onScreen(t, out.String()))
		printer.End(report.Report{Result: report.Interrupted, ExitCode: 130})
	})
	require.NotContains(t, onScreen(t, out.String()), "deploy", "a stage cut short leaves no live line")
}

func TestTheVerdictNamesTheAddressOfARunThatPassed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printer := report.NewPrinter(report.Plain, report.Screen{Out: &out}, noEnv)
	printer.Begin(report.Header{Run: "42", Report: "reports"})
	out.Reset()
	printer.End(report.Report{
		Version: "1.2.3", Digest: "sha256:0123", Result: report.Passed, Seconds: 62,
		Addresses: []report.Address{{URL: "http://beta"}, {URL: "http://shop.example.com/demo"}},
	})
	require.Equal(t, "passed: version 1.2.3 as sha256:0123 at http://shop.example.com/demo in 1m02s · report in reports\n", out.String())
}

func TestTheVerdictTellsAnUndoThatFailed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printer := report.NewPrinter(report.Plain, report.Screen{Out: &out}, noEnv)
	printer.End(report.Report{Result: report.Failed, ExitCode: 60, Undo: report.Undo{Error: "no answer"}})
	require.Contains(t, out.String(), "with exit code 60 and not undone (no answer)")
}

func TestModesAreReadByName(t *testing.T) {
	t.Parallel()
	mode, err := report.ParseMode("github")
	require.NoError(t, err)
	require.Equal(t, report.GitHub, mode)
	_, err = report.ParseMode("html")
	require.EqualError(t, err, `output "html": want one of auto, tty, plain, json, github, gitlab, azure`)
}

func TestAutoFollowsTheTerminalAndTheVendor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env      map[string]string
		terminal bool
		want     string
	}{
		"a file is plain":          {want: "build: started\n"},
		"a terminal is live":       {terminal: true, want: "• build         0.0s\n"},
		"a dumb terminal is plain": {terminal: true, env: map[string]string{"TERM": "dumb"}, want: "build: started\n"},
		"a job of GitHub folds":    {env: map[string]string{"GITHUB_ACTIONS": "true"}, want: "::group::build\nbuild: started\n"},
		"a job of GitLab folds":    {env: map[string]string{"GITLAB_CI": "true"}, want: "\r\x1b[0Kbuild: started\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			synctest.Test(t, func(*testing.T) {
				env := func(name string) string { return test.env[name] }
				printer := report.NewPrinter(report.Auto, report.Screen{Out: &out, Terminal: test.terminal}, env)
				printer.Begin(report.Header{Run: "42"})
				printer.StageStarted("build")
				require.True(t, strings.HasSuffix(out.String(), test.want), out.String())
				printer.End(report.Report{Result: report.Passed})
			})
		})
	}
}

func TestAFileIsNoTerminalAndHasNoColour(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	screen := report.ScreenOf(file, noEnv)
	require.False(t, screen.Terminal)
	require.False(t, screen.Color)
	require.Equal(t, 80, screen.Width())
}

func TestAnOptionalStageThatFailsIsAWarningToTheVendor(t *testing.T) {
	t.Parallel()
	for mode, want := range map[report.Mode]string{report.GitHub: "::warning title=chat failed::no\n", report.Azure: "##vso[task.logissue type=warning]chat failed: no\n"} {
		var out bytes.Buffer
		printer := report.NewPrinter(mode, report.Screen{Out: &out}, noEnv)
		printer.Begin(report.Header{Run: "1"})
		printer.StageStarted("chat")
		printer.StageEnded(report.Stage{Name: "chat", Result: report.Failed, Error: "no", Optional: true}, nil)
		require.Contains(t, out.String(), want)
	}
}
