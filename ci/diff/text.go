package diff

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"sigs.k8s.io/yaml"
)

// plain returns the text of a value that holds no other, and how it is written.
func plain(value any) (text, written string) {
	switch value := value.(type) {
	case nil:
		return "", "null"
	case map[string]any:
		return "", "{}"
	case []any:
		return "", "[]"
	case string:
		return value, quoted(value)
	}
	text = fmt.Sprint(value)
	return text, text
}

// quoted returns a text as it is where YAML reads it so, else in quotes.
func quoted(text string) string {
	var read any
	if visible(text) == text && yaml.Unmarshal([]byte(text), &read) == nil && read == text {
		return text
	}
	return strconv.Quote(text)
}

// visible writes what would steer a terminal, or not be seen at all, as Go
// escapes it.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		if r == '\t' || unicode.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		escaped := strconv.QuoteRune(r)
		out.WriteString(escaped[1 : len(escaped)-1])
	}
	return out.String()
}
