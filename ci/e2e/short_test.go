package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// short are the tests that also run with -short, before each commit: of each kind of thing that
// may go wrong one. All others are for `scripts/check all`, without which nothing lands.
var short = []string{
	"TestProduction", // all six stages, and put back when they fail
	"TestAWorkerIsShipped",
	"TestAVersionGoesThroughTheEnvironmentsInOrder",
	"TestAReleaseIsPromotedAndRolledBackByItsEvidenceAlone",
	"TestADeployWhosePodsCannotStartIsPutBack",
	"TestARunThatIsKilledAtAnyPointIsRecovered",
	"TestTwoRunsOfDifferentCommitsAtOnce",
	"TestBadInputIsOneLineAndChangesNothing",
	"TestAnAdministratorsKubeconfigIsNotUsedAsItIs",
	"TestBootstrapMovesAnInstallationOver",
	"TestBootstrapLeavesWhatRunsInANamespaceThatWasThere",
	"TestWhoCanDoWhat",
}

// leaveLongOnes skips a test that is not among them, with -short.
func leaveLongOnes(t *testing.T) {
	t.Helper()
	if name, _, _ := strings.Cut(t.Name(), "/"); testing.Short() && !slices.Contains(short, name) {
		t.Skip("with -short: `scripts/check all` runs it")
	}
}

func TestTheShortOnesAreThere(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(content)
	}
	for _, name := range short {
		require.Contains(t, all.String(), "\nfunc "+name+"(t *testing.T) {\n")
	}
}
