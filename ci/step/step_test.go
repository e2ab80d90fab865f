package step

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

func TestTheLastLineThatBeginsWithSummaryIsTheStepsOwnWord(t *testing.T) {
	t.Parallel()
	require.Equal(t, "95 % below 80 ms", said("summary: begun\nasked 100 times\nsummary: 95 % below 80 ms\r\ndone\n"))
	require.Empty(t, said("a summary: none\n"))
}

func TestResultsOfAScanAreCountedByTheirLevels(t *testing.T) {
	t.Parallel()
	found, err := parseSARIF([]byte(`{"version": "2.1.0", "runs": [{
		"tool": {"driver": {"rules": [{"id": "a", "defaultConfiguration": {"level": "error"}}, {"id": "b", "defaultConfiguration": {"level": "note"}}]}},
		"results": [{"ruleId": "a"}, {"ruleIndex": 1}, {"ruleId": "c"}, {"ruleId": "a", "level": "warning"}, {"level": "none"}, {"kind": "pass"},
			{"level": "error", "suppressions": [{"kind": "inSource"}]}]}]}`))
	require.NoError(t, err)
	require.Equal(t, findings{errors: 1, warnings: 2, notes: 1}, found)
	require.Equal(t, "1 error, 2 warnings, 1 note", found.String())
	require.Equal(t, "no results", findings{}.String())
	for text, want := range map[string]string{"": "not a SARIF file: ", "[]": "not a SARIF file: ", "{}": "it has no version, or no runs", `{"version": "2.1.0"}`: "no runs"} {
		_, err := parseSARIF([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestAnOutcomeIsOneLine(t *testing.T) {
	t.Parallel()
	require.Empty(t, Outcome{}.String())
	require.Equal(t, "quick; no results in a.sarif; 2 tests", Outcome{Said: "quick", Found: "no results in a.sarif", Tests: make([]report.Test, 2)}.String())
}
