package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// imported returns the packages of this folder that each of its packages imports,
// tests aside, by their paths below it.
func imported(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		if strings.HasPrefix(folder, "module") || strings.Contains(folder, "testdata") { // modules of their own
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imports, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if below, ok := strings.CutPrefix(imports, "github.com/slipway-cd/slipway/ci/"); ok && !slices.Contains(found[folder], below) {
				found[folder] = append(found[folder], below)
			}
		}
		return nil
	}))
	for _, imports := range found {
		slices.Sort(imports)
	}
	return found
}

func TestPackagesImportWhatTheMapDraws(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(text), "```imports\n")
	require.True(t, ok, "CONTRIBUTING.md has no block of imports")
	block, _, _ = strings.Cut(block, "```")
	drawn := map[string][]string{}
	var last string
	for line := range strings.Lines(block) {
		from, to, ok := strings.Cut(line, "→")
		if from = strings.TrimSpace(from); ok {
			last = from
		} else {
			to = line // the rest of the line before
		}
		drawn[last] = append(drawn[last], strings.Fields(strings.ReplaceAll(to, ",", " "))...)
	}
	for _, imports := range drawn {
		slices.Sort(imports)
	}
	found := imported(t)
	found["ci"] = found["."]
	delete(found, ".")
	require.Equal(t, drawn, found, "packages import something else than the map in CONTRIBUTING.md says")
}
