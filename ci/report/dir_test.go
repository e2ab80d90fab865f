package report_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

func create(t *testing.T) *report.Dir {
	t.Helper()
	dir, err := report.Create(filepath.Join(t.TempDir(), "runs", "42"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Close()) })
	return dir
}

func logOf(t *testing.T, dir *report.Dir, stage string) io.Writer {
	t.Helper()
	log, err := dir.Log(stage)
	require.NoError(t, err)
	return log
}

func TestTheReportHasTheNamesThatScriptsRelyOn(t *testing.T) {
	t.Parallel()
	dir := create(t)
	require.NoError(t, dir.Write(report.Report{
		Run: "42", Result: report.Failed, ExitCode: 20, Seconds: report.Seconds(1234567 * time.Microsecond),
		Stages:    []report.Stage{{Name: "build", Result: report.Passed, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 1}},
		Changes:   []report.Change{{Namespace: "go-demo", Kind: "Service", Name: "api", Action: report.Restored}},
		Addresses: []report.Address{{Stage: "deploy", URL: "http://x", FoundBy: "ingress status"}},
		Undo:      report.Undo{Done: true},
	}))
	content, err := os.ReadFile(filepath.Join(dir.Path(), "report.json"))
	require.NoError(t, err)
	require.JSONEq(t, `{"run":"42","version":"","image":"","namespace":"","digest":"","commit":"","vendor":"","result":"failed","exitCode":20,"seconds":1.235,
		"stages":[{"name":"build","result":"passed","start":"2026-01-02T03:04:05Z","seconds":1,"error":"","cause":""}],
		"changes":[{"namespace":"go-demo","kind":"Service","name":"api","action":"restored"}],
		"addresses":[{"stage":"deploy","url":"http://x","foundBy":"ingress status"}],
		"requests":0,"undo":{"done":true,"error":""},"engine":"","cluster":"","engineSeconds":0,"waitSeconds":0}`, string(content))
}

func TestAReportWithoutStagesHoldsEmptyLists(t *testing.T) {
	t.Parallel()
	dir := create(t)
	require.NoError(t, dir.Write(report.Report{}))
	content, err := os.ReadFile(filepath.Join(dir.Path(), "report.json"))
	require.NoError(t, err)
	require.NotContains(t, string(content), "null")
}

func TestAReaderNeverSeesHalfAReport(t *testing.T) {
	t.Parallel()
	dir := create(t)
	long := report.Report{Engine: strings.Repeat("x", 1<<20)}
	require.NoError(t, dir.Write(long))
	written := make(chan error)
	go func() {
		var err error
		for i := 0; i < 20 && err == nil; i++ {
			err = dir.Write(long)
		}
		written <- err
	}()
	for done := false; !done; {
		select {
		case err := <-written:
			require.NoError(t, err)
			done = true
		default:
		}
		content, err := os.ReadFile(filepath.Join(dir.Path(), "report.json"))
		require.NoError(t, err)
		require.True(t, json.Valid(content))
	}
	left, err := filepath.Glob(filepath.Join(dir.Path(), ".*-report.json"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	dir := create(t)
	require.NoError(t, os.RemoveAll(dir.Path()))
	require.ErrorContains(t, dir.Write(report.Report{}), "report "+dir.Path()+"/report.json: ")
}

func TestLogsTakeWholeLinesFromManyWriters(t *testing.T) {
	t.Parallel()
	dir := create(t)
	var writers sync.WaitGroup
	for i := range 10 {
		writers.Go(func() {
			for range 50 {
				fmt.Fprintf(logOf(t, dir, "build"), "writer %d says something\n", i)
			}
		})
	}
	writers.Wait()
	lines := dir.Tail("build", 1000)
	require.Len(t, lines, 500)
	for _, line := range lines {
		require.Regexp(t, `^writer \d says something$`, line)
	}
}

func TestTailIsTheCleanEndOfALongLog(t *testing.T) {
	t.Parallel()
	dir := create(t)
	fmt.Fprint(logOf(t, dir, "build"), strings.Repeat("early\n", 100_000), "10%\r90%\r100%\r\n\n\x1b[1mbold\x1b[0m\n\tindented\nno newline")
	require.Equal(t, []string{"early", "100%", "bold", " indented", "no newline"}, dir.Tail("build", 5))
	require.Empty(t, dir.Tail("deploy", 5))
}

func TestALogCannotLeaveItsFolder(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"", "../report", "a/b", "/etc/passwd"} {
		_, err := create(t).Log(stage)
		require.ErrorContains(t, err, "want a plain name", stage)
	}
}
