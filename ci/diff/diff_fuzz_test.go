package diff

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// FuzzDiff holds that both forms find a difference where there is one, and that no
// line of the one for people steers a terminal.
func FuzzDiff(f *testing.F) {
	texts := []string{`{}`, `{"a":{}}`, `{"a":[]}`, `{"a":"{}"}`, `{"a":"1"}`, `{"a":1}`, `{"a":true}`, `{"a":"true"}`, `{"a":[{"name":"x","b":1},{"name":"y"}]}`, `{"a":[{"name":"y"},{"name":"x","b":1}]}`,
		`{"a":"x\ny"}`, `{"a":"x\ny\n"}`, `{"a":"x\ny\n\n"}`, `{"a":"\n"}`, `{"a":"\u001b[0m"}`, `{"a":"\\x1b[0m"}`, `{"a: b":{"c":[[1,2],[3]]}}`, `{"a":[{"name":"x"},{"name":"x"}]}`, `{"":""}`, `{"a":["- b","b"]}`}
	for i, text := range texts {
		f.Add(text, texts[(i+1)%len(texts)])
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		var before, after map[string]any
		if json.Unmarshal([]byte(one), &before) != nil || json.Unmarshal([]byte(other), &after) != nil || strings.Contains(one+other, "null") {
			t.Skip() // Kubernetes has no null
		}
		fields, hunks := Fields(before, after, nil, nothing), Hunks(before, after, nothing)
		require.Equal(t, len(fields) > 0, len(hunks) > 0)
		for _, hunk := range hunks {
			for _, line := range hunk.Lines {
				require.False(t, strings.ContainsFunc(line.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }), "%q", line.Text)
			}
		}
	})
}
