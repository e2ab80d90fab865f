package pipeline

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
)

// notes is a printer that keeps what is noted.
type notes struct {
	quiet
	said *[]string
}

func (n notes) Note(stage, text string) { *n.said = append(*n.said, stage+": "+text) }

// afterBuild is a run that has built its image, and what it notes.
func afterBuild(until string) (*Run, *[]string) {
	said := &[]string{}
	return &Run{report: &report.Report{}, opts: settings.Options{Until: until}, journal: &journal.Journal{Printer: notes{said: said}}}, said
}

func TestAnImageThatWasNotScannedIsNotReleased(t *testing.T) {
	t.Parallel()
	r, _ := afterBuild("production")
	r.app.Evidence.Vulnerabilities = &description.Vulnerabilities{Severity: "high"}
	r.proof.Built.Go(func() error { return context.Canceled })
	require.ErrorIs(t, r.checkVulnerabilities(t.Context(), "release"), context.Canceled)
	require.Nil(t, r.report.Vulnerabilities)
}

func TestNobodyLooksForVulnerabilitiesUnasked(t *testing.T) {
	t.Parallel()
	early, _ := afterBuild("build")
	early.app.Evidence.Vulnerabilities = &description.Vulnerabilities{Severity: "high"}
	require.False(t, early.scans(), "such a run tests nothing")
	r, said := afterBuild("production")
	require.NoError(t, r.checkPolicy())
	require.NoError(t, r.checkVulnerabilities(t.Context(), "release"))
	require.Nil(t, r.report.Vulnerabilities)
	require.Empty(t, *said)
}
