package managed

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/diff"
)

const hidden = diff.Hidden

// SecretValues returns the values held by the Secrets among objects, encoded and
// plain, longest first, so that a value that contains another is hidden whole.
func SecretValues(objects []*unstructured.Unstructured) []string {
	var values []string
	for _, object := range objects {
		if object.GetKind() != "Secret" {
			continue
		}
		for _, field := range []string{"data", "stringData"} {
			entries, _, _ := unstructured.NestedMap(object.Object, field)
			for _, entry := range entries {
				values = append(values, forms(fmt.Sprint(entry), field == "data")...)
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(values)
}

// forms returns the ways in which one value may be printed.
func forms(value string, encoded bool) []string {
	out := []string{value}
	if plain, err := base64.StdEncoding.DecodeString(value); encoded && err == nil {
		out = append(out, string(plain))
	} else if !encoded {
		out = append(out, base64.StdEncoding.EncodeToString([]byte(value)))
	}
	for _, form := range slices.Clone(out) {
		quoted := fmt.Sprintf("%q", form)
		out = append(out, strings.TrimSpace(form), quoted[1:len(quoted)-1])
		if strings.Contains(form, "\n") { // each line of a key or certificate
			out = append(out, strings.Split(form, "\n")...)
		}
	}
	return out
}

// Mask hides the values in text. Values under four characters stay: hiding "on"
// or "1" would make every message unreadable and keep no secret.
func Mask(text string, values []string) string {
	for _, value := range values {
		if len(value) >= 4 {
			text = strings.ReplaceAll(text, value, hidden)
		}
	}
	return text
}
