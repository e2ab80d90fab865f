package managed

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FuzzMask holds that no value of a Secret is left in a text, in none of the
// ways in which servers and programs print it.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{"correct-horse", "line one\nline two", "a\"b\\c", " padded ", "***", "****", "aaaa", "\x00\x01\x02\x03", "\xff\xfe\xfd\xfc", "pass", "日本語の鍵"} {
		f.Add(seed, "the value ", " is wrong")
	}
	f.Fuzz(func(t *testing.T, value, before, after string) {
		if len(strings.TrimSpace(value)) < 4 || strings.Trim(value, "*") == "" { // too short to hide; what hides
			t.Skip()
		}
		secret := func(field, value string) *unstructured.Unstructured {
			return &unstructured.Unstructured{Object: map[string]any{"kind": "Secret", field: map[string]any{"key": value}}}
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(value))
		for _, object := range []*unstructured.Unstructured{secret("stringData", value), secret("data", encoded)} {
			values := SecretValues([]*unstructured.Unstructured{object})
			quoted := fmt.Sprintf("%q", value)
			for _, form := range []string{value, encoded, strings.TrimSpace(value), quoted[1 : len(quoted)-1]} {
				if strings.Contains(before+after+hidden, form) || strings.Contains(hidden+after, form) {
					t.Skip()
				}
				require.NotContains(t, Mask(form, values), form)
				require.NotContains(t, Mask(before+" "+form+" "+after, values), form)
			}
		}
	})
}
