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

// imported returns which of the packages below a path of the repository each package
// in a folder imports, tests aside.
func imported(t *testing.T, root, below string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		folder = strings.TrimPrefix(filepath.ToSlash(folder), "internal/")
		if strings.HasPrefix(folder, "module") || strings.HasPrefix(folder, "images") || strings.Contains(folder, "testdata") { // modules of their own
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
			if name, ok := strings.CutPrefix(imports, "github.com/slipway-cd/slipway/"+below+"/"); ok && !slices.Contains(found[folder], name) {
				found[folder] = append(found[folder], name)
			}
		}
		return nil
	}))
	for _, imports := range found {
		slices.Sort(imports)
	}
	return found
}

// drawn returns what a block of CONTRIBUTING.md draws.
func drawn(t *testing.T, name string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(text), "```"+name+"\n")
	require.True(t, ok, "CONTRIBUTING.md has no block %s", name)
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
	return drawn
}

func TestPackagesImportWhatTheMapDraws(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ block, main, root, below string }{
		{"imports", "ci", ".", "ci"},
		{"imports of sandbox", "main", "../scripts/sandbox", "scripts/sandbox/internal"},
	} {
		found := imported(t, one.root, one.below)
		found[one.main] = found["."]
		delete(found, ".")
		require.Equal(t, drawn(t, one.block), found, "packages import something else than the map in CONTRIBUTING.md says")
	}
}
