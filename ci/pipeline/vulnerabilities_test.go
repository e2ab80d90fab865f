package pipeline

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/vulnerability"
)

// notes is a printer that keeps what is noted.
type notes struct {
	quiet
	said *[]string
}

func (n notes) Note(stage, text string) { *n.said = append(*n.said, stage+": "+text) }

// afterScan is a run whose image was scanned.
func afterScan(until, exceptions string, found ...vulnerability.Finding) (*Run, *[]string) {
	said := &[]string{}
	r := &Run{
		app:     description.Application{Evidence: description.Evidence{Vulnerabilities: &description.Vulnerabilities{Severity: "high", Exceptions: "exceptions.yaml"}}},
		opts:    Options{Until: until},
		journal: journal.Journal{Printer: notes{said: said}},
		env:     Environment{Tree: fstest.MapFS{"exceptions.yaml": &fstest.MapFile{Data: []byte(exceptions)}}},
	}
	r.proof.built.images = []contents{{scans: []vulnerability.Scan{{Scanner: "grype 1", Database: time.Unix(1, 0), Findings: found}}}}
	return r, said
}

func TestWhatIsKnownOfAnImageIsReportedWhetherItIsReleasedOrNot(t *testing.T) {
	t.Parallel()
	severe := vulnerability.Finding{ID: "CVE-2026-1", Severity: "critical", Package: "stdlib", Version: "1.26.7", Fixed: []string{"1.26.8"}, Image: "web"}
	r, _ := afterScan("production", "", severe)
	err := r.checkVulnerabilities(t.Context(), "release")
	require.EqualError(t, err, "1 known vulnerability of severity high or worse: CVE-2026-1 (critical) in stdlib 1.26.7; "+
		"update the package, or the base image that has it; or except it for some time, in the file that evidence.vulnerabilities.exceptions names")
	require.Equal(t, exit.Checks, exit.Code(t.Context(), err))
	require.Equal(t, []string{"CVE-2026-1 critical: stdlib 1.26.7, fixed in 1.26.8"}, exit.Evidence(err))
	require.Equal(t, []report.Vulnerability{{ID: "CVE-2026-1", Severity: "critical", Package: "stdlib", Version: "1.26.7", FixedIn: []string{"1.26.8"}, Image: "web", Result: "refused"}}, r.report.Vulnerabilities.Found)

	r, said := afterScan("production", "- {id: CVE-2026-1, until: 2099-01-01, reason: a}\n- {id: CVE-2026-2, package: b, until: 2099-01-01, reason: a}\n", severe)
	require.NoError(t, r.checkVulnerabilities(t.Context(), "release"))
	require.Equal(t, "excepted", r.report.Vulnerabilities.Found[0].Result)
	require.Contains(t, *said, "release: warning: exceptions.yaml: the exception for CVE-2026-2 in b matches nothing that was found: remove it")
}

func TestAnImageThatWasNotScannedIsNotReleased(t *testing.T) {
	t.Parallel()
	r, _ := afterScan("production", "")
	r.proof.built.asking.Go(func() error { return context.Canceled })
	require.ErrorIs(t, r.checkVulnerabilities(t.Context(), "release"), context.Canceled)
	require.Nil(t, r.report.Vulnerabilities)
}

func TestNobodyLooksForVulnerabilitiesUnasked(t *testing.T) {
	t.Parallel()
	early, _ := afterScan("build", "")
	require.False(t, early.scans(), "such a run tests nothing")
	r, said := afterScan("production", "")
	r.app.Evidence.Vulnerabilities = nil
	require.NoError(t, r.checkPolicy())
	require.NoError(t, r.checkVulnerabilities(t.Context(), "release"))
	require.Nil(t, r.report.Vulnerabilities)
	require.Empty(t, *said)
}

func TestAPolicyThatCannotBeIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	for want, given := range map[string]description.Vulnerabilities{
		"":                                    {Database: "database", Exceptions: "exceptions.yaml"},
		"evidence.vulnerabilities.database: ": {Database: "nowhere"},
		"evidence.vulnerabilities.database: exceptions.yaml is a file":         {Database: "exceptions.yaml"},
		"evidence.vulnerabilities.exceptions: open nowhere.yaml":               {Exceptions: "nowhere.yaml"},
		"evidence.vulnerabilities.exceptions: bad.yaml: want a list of id, pa": {Exceptions: "bad.yaml"},
	} {
		r, _ := afterScan("production", "")
		r.app.Evidence.Vulnerabilities = &given
		r.env.Tree = fstest.MapFS{"database/6/vulnerability.db": &fstest.MapFile{}, "exceptions.yaml": &fstest.MapFile{}, "bad.yaml": &fstest.MapFile{Data: []byte("a: b\n")}}
		err := r.checkPolicy()
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	}
}
