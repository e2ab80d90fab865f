package command

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

var rowOfField = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| ([^|]+) \\| `([^|]+)` \\| ([^|]+) \\|$")

func TestTheDocumentationHasEveryFieldWithItsTypeDefaultAndAnExampleThatIsTaken(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/application.md")
	require.NoError(t, err)
	var documented []string
	defaults := reflect.ValueOf(conventions)
	for _, row := range rowOfField.FindAllStringSubmatch(string(document), -1) {
		field, ok := defaults.Type().FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, row[1]) })
		require.True(t, ok, row[1])
		documented = append(documented, row[1])
		require.Equal(t, strings.TrimPrefix(typeWords[field.Type.String()], "a "), row[2], row[1])
		want := "none"
		if value := defaults.FieldByIndex(field.Index); !value.IsZero() || row[1] == "bootstrap" {
			want = fmt.Sprintf("`%v`", value)
		}
		require.Equal(t, want, row[3], row[1])

		text := row[1] + ": " + row[4] + "\n"
		for line := range strings.Lines(shop) {
			if !strings.HasPrefix(line, row[1]+":") {
				text += line
			}
		}
		_, err := parseApplication([]byte(text))
		require.NoError(t, err, row[1])
	}
	require.Equal(t, fieldsOfApplication(), documented)

	_, example, _ := strings.Cut(string(document), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	app, err := parseApplication([]byte(example))
	require.NoError(t, err)
	require.Equal(t, pipeline.Application{Name: "shop", Port: 80}, pipeline.Application{Name: app.Name, Port: app.Port})
}
