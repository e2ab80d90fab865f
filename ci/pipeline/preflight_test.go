package pipeline

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestAVersionThatFitsNoTagOrNoLabelIsRefusedInOneLineBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for version, says := range map[string]string{
		"a b":                   "is not a valid image tag: use at most 128 letters, digits",
		"_x":                    "is not a valid label value: use at most 63 characters, the first and last a letter or digit",
		"x.":                    "is not a valid label value",
		strings.Repeat("a", 64): "is not a valid label value",
	} {
		err := Check(Application{}, Options{Version: version}, fstest.MapFS{})
		require.ErrorContains(t, err, "--version: version ")
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, ExitUsage, ExitCode(t.Context(), err))
	}
}
