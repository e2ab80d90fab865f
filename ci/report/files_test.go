package report_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/slipway-cd/slipway/ci/goldentest"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/report"
)

var began = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// passing is a run that shipped.
func passing() report.Report {
	url := "http://demo.example.com/demo"
	return report.Report{
		Run: "17-1", Version: "1.4.0", Image: "registry.example.com/team/go-demo", Digest: "sha256:9f2c5a1d7be04f3c6a8d21e57b90cc43f1a6e2d8850b7c9e4d13f6a2b5c8e071",
		Commit: "5e0c1b7d9a34f2681c7e5a90b3d4f6e812a7c9d0", Vendor: "github", Branch: "main", Actor: "ada", RunURL: "https://ci.example.com/runs/17",
		Namespace: "go-demo", Result: report.Passed, Seconds: 27.4, Requests: 212, Engine: "dagger v0.21.8", Cluster: "https://k8s.example.com v1.36.3", EngineSeconds: 14.2, WaitSeconds: 11.9,
		Stages: []report.Stage{
			{Name: "build", Result: report.Passed, Start: after(0), Seconds: 11.8, Detail: "sha256:9f2c5a1d7be0"},
			{Name: "functional", Result: report.Passed, Start: after(11.8), Seconds: 6.1, Detail: "tested inside and outside",
				Objects: []report.Object{
					{Namespace: "go-demo-build", Kind: "StatefulSet", Name: "postgres-17-1", Start: after(12), Seconds: 2.4, State: "ready", Ready: true},
					{Namespace: "go-demo-build", Kind: "Deployment", Name: "api-17-1", Start: after(12), Seconds: 3.1, State: "ready", Ready: true}},
				Tests: []report.Test{
					{Name: "TestFunctionalTestSuite/TestHelloGreets", Result: report.Passed, Seconds: 0.03, At: "http://api:8080/beta/17-1"},
					{Name: "TestFunctionalTestSuite/TestHelloGreets", Result: report.Passed, Seconds: 0.04, At: "http://demo.example.com/beta/17-1"},
					{Name: "TestFunctionalTestSuite/TestSlow", Result: report.Skipped, At: "http://demo.example.com/beta/17-1"}}},
			{Name: "release", Result: report.Passed, Start: after(17.9), Seconds: 0.1, Detail: "1.4.0, latest"},
			{Name: "deploy", Result: report.Passed, Start: after(18), Seconds: 6.9, Detail: "2 of 3 objects changed", Objects: []report.Object{
				{Namespace: "go-demo", Kind: "ConfigMap", Name: "settings", Start: after(18.2), State: "created", Ready: true},
				{Namespace: "go-demo", Kind: "Deployment", Name: "api", Start: after(18.3), Seconds: 6.3, State: "ready", Ready: true}}},
			{Name: "production", Result: report.Passed, Start: after(24.9), Seconds: 0.4, Detail: "1.4.0 at " + url},
			{Name: "cleanup", Result: report.Passed, Start: after(25.3), Seconds: 2.1},
		},
		Changes: []report.Change{
			{Namespace: "go-demo-build", Kind: "Deployment", Name: "api-17-1", Action: report.Created},
			{Namespace: "go-demo", Kind: "ConfigMap", Name: "settings", Action: report.Created},
			{Namespace: "go-demo", Kind: "Deployment", Name: "api", Action: report.Configured},
			{Namespace: "go-demo", Kind: "Service", Name: "api", Action: report.Unchanged},
			{Namespace: "go-demo", Kind: "ConfigMap", Name: "old", Action: report.Deleted}},
		Addresses:       []report.Address{{Stage: "functional", URL: "http://demo.example.com/beta/17-1", FoundBy: "Ingress status"}, {Stage: "production", URL: url, FoundBy: "Ingress status"}},
		Receipt:         &report.Receipt{Changed: 3, Objects: 17},
		Evidence:        known(),
		Vulnerabilities: vulnerable(),
		Delivery:        delivery(),
	}
}

// delivery is DORA's four keys of a team, of which one month has none.
func delivery() []history.Month {
	return []history.Month{
		{Month: "2026-08", Days: 31, Deployments: 14, PerDay: 14.0 / 31, Changes: 31, LeadSeconds: new(26.0 * 3600), Failures: 3, FailureRate: new(3.0 / 14), Recovered: 3, RecoverySeconds: new(2400.0)},
		{Month: "2026-09", Days: 30},
		{Month: "2026-10", Days: 31, Deployments: 22, PerDay: 22.0 / 31, Changes: 40, LeadSeconds: new(9.0 * 3600), Failures: 2, FailureRate: new(2.0 / 22), Recovered: 2, RecoverySeconds: new(95.0)},
		{Month: "2026-11", Days: 23.4, Deployments: 40, PerDay: 40.0 / 23.4, Changes: 44, LeadSeconds: new(2.5 * 3600), FailureRate: new(0.0)},
	}
}

// vulnerable are the vulnerabilities of an image that was released nevertheless.
func vulnerable() *report.Vulnerabilities {
	database := after(-100000)
	return &report.Vulnerabilities{Scanner: "grype 0.121.2", Database: &database, Severity: "high", Found: []report.Vulnerability{
		{ID: "GHSA-1", Aliases: []string{"CVE-2026-1"}, Severity: "high", Package: "stdlib", Version: "1.26.7", FixedIn: []string{"1.26.8"}, Image: "go-demo", Result: "excepted", Excepted: &report.Exception{Until: "2026-12-31", Reason: "not <reachable>"}},
		{ID: "CVE-2026-2", Severity: "low", Package: "libc6", Version: "2.41-1", Image: "go-demo", Result: "below"},
		{ID: "CVE-2026-3", Severity: "low", Package: "libc6", Version: "2.41-1", Image: "go-demo", Result: "below"}}}
}

// known is the evidence of an image.
func known() *report.Evidence {
	return &report.Evidence{Image: "registry.example.com/team/go-demo", Signer: "key 9d8a863b", Commit: "5e0c1b7d9a34f2681c7e5a90b3d4f6e812a7c9d0", Repository: "https://git.example.com/team/go-demo",
		Builder: "dagger v0.21.8", SBOM: "sha256:5b0a", Provenance: "sha256:b4a5", Tests: []report.Tested{
			{Stage: "functional", Passed: 2, Addresses: []string{"Service", "Ingress"}, Cluster: "https://k8s.example.com/go-demo-build", Finished: after(17.9), Run: "17-1", URL: "https://ci.example.com/runs/17"},
			{Stage: "build", Suite: "checks", Passed: 2, Finished: after(11.8), Run: "17-1"}}}
}

// failing is a run whose deploy was undone.
func failing() report.Report {
	out := passing()
	out.Vulnerabilities = nil
	out.Result, out.ExitCode, out.Seconds, out.Undo, out.Receipt = report.Failed, 32, 30.1, report.Undo{Done: true, Left: []string{"what Job go-demo/migrate did, to a database for example, is not put back"}}, &report.Receipt{Objects: 17}
	deploy := &out.Stages[3]
	deploy.Result, deploy.Detail = report.Failed, ""
	deploy.Cause = "Deployment go-demo/api: container api crashes again and again, with exit code 1 (Error)"
	deploy.Evidence = []string{"event BackOff: Back-off restarting failed container api in pod api-5f56d9cb6c-9mn85", `log: DRAIN_DELAY: "ten seconds" is no duration`}
	deploy.Try = "read the container's last log lines; `kubectl -n go-demo logs deployment/api --previous` shows more"
	deploy.Error = deploy.Cause + "; " + deploy.Try
	deploy.Objects[1].State, deploy.Objects[1].Ready = "container api crashes again and again", false
	out.Stages[4] = report.Stage{Name: "production", Result: report.Skipped, Start: after(24.9), Detail: "an earlier stage failed"}
	undo := report.Stage{Name: "undo", Result: report.Passed, Start: after(24.9), Seconds: 5, Detail: "production verified back on 1.3.9 at http://demo.example.com/demo",
		Objects: []report.Object{{Namespace: "go-demo", Kind: "Deployment", Name: "api", Start: after(25), Seconds: 3.9, State: "ready", Ready: true}},
		Tests:   []report.Test{{Name: "TestProductionTestSuite/TestVersion", Result: report.Passed, Seconds: 0.02, At: "http://demo.example.com/demo"}}}
	out.Stages = append(out.Stages[:5:5], undo, report.Stage{Name: "cleanup", Result: report.Passed, Start: after(29.9), Seconds: 0.2})
	out.Changes = append(out.Changes,
		report.Change{Namespace: "go-demo", Kind: "ConfigMap", Name: "old", Action: report.Restored},
		report.Change{Namespace: "go-demo", Kind: "Deployment", Name: "api", Action: report.Restored},
		report.Change{Namespace: "go-demo", Kind: "ConfigMap", Name: "settings", Action: report.Deleted})
	return out
}

// hostile is a failed run that quotes what would steer whoever reads it.
func hostile() report.Report {
	out := failing()
	out.Stages[3].Evidence = []string{`log: DRAIN_DELAY: "<script>alert(1)</script>" is no duration`, "```", "##vso[task.complete]\x1b[31m"}
	out.Stages[3].Try = "a ` alone, and <b>"
	out.Undo = report.Undo{Error: "Deployment go-demo/api: `<i>` is in the way"}
	out.Stages[1].Tests[1] = report.Test{Name: "Test<b>&\"", Result: report.Failed, Seconds: 0.2, At: "http://demo.example.com/beta/17-1", Output: "expected: <p>\nactual: </p>"}
	return out
}

func interrupted() report.Report {
	return report.Report{Run: "abc", Version: "1.4.0", Result: report.Interrupted, ExitCode: 130, Seconds: 1.5, Stages: []report.Stage{
		{Name: "build", Result: report.Interrupted, Start: began, Seconds: 1.5, Cause: "stopped by interrupt", Error: "build: stopped by interrupt"},
		{Name: "functional", Result: report.Skipped, Start: after(1.5), Detail: "an earlier stage failed"},
	}}
}

func TestTheHistoryIsAPageByItself(t *testing.T) {
	t.Parallel()
	page, err := report.History{Namespace: "go-demo", Time: began, Months: delivery(), Deploys: []history.Deploy{
		{Run: "17-1", Version: "1.4.0", Commit: "5e0c1b7d9a34f2681c7e5a90b3d4f6e812a7c9d0", Who: "ada", URL: "https://ci.example.com/runs/17", Ended: after(-60), LeadSeconds: 9000, Result: history.Released},
		{Run: "16", Version: "1.4.0-rc", Who: "<i>grace</i>", Ended: after(-4000), Result: history.Undone, ExitCode: 32, Cause: "Deployment go-demo/api: container api crashes again and again"},
		{Run: "15", Version: "1.3.9", Ended: after(-9000), Result: history.Released, Rollback: true},
		{Run: "14", Version: "1.3.8", Ended: after(-9900), Result: history.Undone, Cause: "its run was killed", RecoveredBy: "15"},
		{Run: "13-1", Version: "1.3.8", Ended: after(-9950), Result: history.Stuck, ExitCode: 60, Cause: "no engine"},
		{Run: "13", Version: "1.3.7", Ended: after(-10000), Result: history.Failed, ExitCode: 30, Cause: "quota"},
	}}.Page()
	require.NoError(t, err)
	goldentest.Require(t, "history-report.html", string(page))
	empty, err := report.History{Namespace: "go-demo", Time: began}.Page()
	require.NoError(t, err)
	require.NotContains(t, string(empty), "Delivery")
}

func TestTheFilesOfAReportTellTheRun(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]report.Report{"passing": passing(), "failing": failing(), "hostile": hostile(), "interrupted": interrupted(), "nothing": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := create(t)
			require.NoError(t, dir.Write(run))
			for _, file := range []string{"junit.xml", "summary.md", "report.html"} {
				content, err := os.ReadFile(filepath.Join(dir.Path(), file))
				require.NoError(t, err)
				goldentest.Require(t, name+"-"+file, string(content))
			}
		})
	}
}

// A page that needs the network would show nothing in an archive, and one that runs
// scripts is not shown by Jenkins at all.
func TestThePageNeedsNothingElse(t *testing.T) {
	t.Parallel()
	dir := create(t)
	require.NoError(t, dir.Write(hostile()))
	content, err := os.ReadFile(filepath.Join(dir.Path(), "report.html"))
	require.NoError(t, err)
	require.NotRegexp(t, regexp.MustCompile(`(?i)<script|<link|<img|src=|@import|url\(|javascript:`), string(content))
	require.Contains(t, string(content), "&lt;script&gt;alert(1)")
}

func TestJUnitCountsWhatItHolds(t *testing.T) {
	t.Parallel()
	dir := create(t)
	require.NoError(t, dir.Write(hostile()))
	content, err := os.ReadFile(filepath.Join(dir.Path(), "junit.xml"))
	require.NoError(t, err)
	var read junit.Testsuites
	require.NoError(t, xml.NewDecoder(bytes.NewReader(content)).Decode(&read))
	cases := 0
	for _, suite := range read.Suites {
		require.Len(t, suite.Testcases, suite.Tests)
		cases += suite.Tests
	}
	require.Equal(t, read.Tests, cases)
	require.Equal(t, 3, read.Failures, "the test, the stage and the object")
}

func TestTestsAreReadFromWhatATestBinaryPrints(t *testing.T) {
	t.Parallel()
	tests := report.ParseTests("=== RUN   TestA\n=== RUN   TestA/b\n    a_test.go:3: \x1b[31mno\n--- FAIL: TestA (0.02s)\n    --- FAIL: TestA/b (0.01s)\n=== RUN   TestC\n--- SKIP: TestC (0.00s)\n=== RUN   TestD\n--- PASS: TestD (1.50s)\nFAIL\n", "http://a")
	require.Equal(t, []report.Test{
		{Name: "TestA", Result: report.Failed, Seconds: 0.02, At: "http://a"},
		{Name: "TestA/b", Result: report.Failed, Seconds: 0.01, At: "http://a", Output: "    a_test.go:3: no"},
		{Name: "TestC", Result: report.Skipped, At: "http://a"},
		{Name: "TestD", Result: report.Passed, Seconds: 1.5, At: "http://a"},
	}, tests)
	require.Empty(t, report.ParseTests("ok 1 - works\nnot ok 2\n", "http://a"))
}

func TestAReportSaysWhenProductionWasOutOfReach(t *testing.T) {
	t.Parallel()
	run, dir := passing(), create(t)
	run.Changes, run.Receipt = run.Changes[:1], &report.Receipt{Unseen: true}
	require.NoError(t, dir.Write(run))
	for says, file := range map[string]string{
		"What changed in production: not compared":                           "report.html",
		"Nothing by this run, which has no credentials for it.":              "report.html",
		"production: not compared, since this run has no credentials for it": "summary.md",
		`"productionUnseen": true`:                                           "report.json",
	} {
		content, err := os.ReadFile(filepath.Join(dir.Path(), file))
		require.NoError(t, err)
		require.Contains(t, string(content), says)
	}
}

func TestAReportTellsNoneThatAreKnownFromNobodyHavingLooked(t *testing.T) {
	t.Parallel()
	run, dir := passing(), create(t)
	run.Vulnerabilities = &report.Vulnerabilities{Scanner: "grype 0.121.2", Severity: "critical"}
	require.NoError(t, dir.Write(run))
	for file, says := range map[string]string{"report.json": `"found": []`, "summary.md": "- vulnerabilities: none known, by grype 0.121.2; refused from critical", "report.html": "none known, by grype"} {
		content, err := os.ReadFile(filepath.Join(dir.Path(), file))
		require.NoError(t, err)
		require.Contains(t, string(content), says)
	}
	run.Vulnerabilities = nil
	require.NoError(t, dir.Write(run))
	for _, file := range []string{"report.json", "summary.md", "report.html"} {
		content, err := os.ReadFile(filepath.Join(dir.Path(), file))
		require.NoError(t, err)
		require.NotContains(t, string(content), "ulnerabilities", file)
	}
}
