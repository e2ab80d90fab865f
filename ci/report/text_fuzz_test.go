package report

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// FuzzForeignText holds that nothing an application or a server says steers the terminal or a CI vendor's log viewer.
func FuzzForeignText(f *testing.F) {
	for _, seed := range []string{"", "plain", "a\rb", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b\x1b[[31mm", "::error::x", "a\n::error::x", "\x1b[0Ksection_start:0:x\r", "\u009b31m", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, shown := range []string{clean(text), inline(text)} {
			require.False(t, strings.ContainsFunc(shown, unicode.IsControl), "%q", shown)
			require.Equal(t, shown, clean(shown))
		}
		said := github{}.fail(Stage{Name: "deploy", Result: Failed, Error: text})
		require.Len(t, said, 1)
		require.NotContains(t, said[0], "\n")
		for _, line := range why(Stage{Cause: text, Evidence: []string{text}, Try: text}, []string{text}) {
			require.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), "%q", line)
		}
	})
}
