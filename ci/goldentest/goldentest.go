// Package goldentest compares what a test made with a file that was reviewed; with the
// flag -update it writes the file. It does not know what the text is.
package goldentest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// Require compares text, its escape characters made visible, with testdata/name.
func Require(t *testing.T, name, text string) {
	t.Helper()
	text = strings.NewReplacer("\x1b", "␛", "\r", "␍").Replace(text)
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}
