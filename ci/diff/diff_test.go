package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// state reads one state of an object.
func state(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &out))
	return out
}

func nothing(_ Path, text string) string { return text }

// shown returns hunks as a terminal without colours shows them.
func shown(hunks []Hunk) string {
	var out strings.Builder
	for _, hunk := range hunks {
		fmt.Fprintf(&out, "@@ %s\n", hunk.Path)
		for _, line := range hunk.Lines {
			fmt.Fprintf(&out, "%c %s\n", line.Sign, line.Text)
		}
	}
	return out.String()
}

const deployment = `
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: api
        image: registry.example/api@sha256:1
        args: [--verbose, --port=80]
        env: [{name: FIRST, value: a}, {name: LEVEL, value: info}, {name: LAST, value: z}]
      - name: proxy
        image: proxy
`

func TestAHunkSaysOnceWhereItsLinesStand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ change, to, hunks string }{
		"a variable":      {"value: info", "value: debug", "@@ .spec.template.spec.containers[name=\"api\"].env[name=\"LEVEL\"]\n- value: info\n+ value: debug\n"},
		"a variable more": {"{name: LAST", "{name: NEW, value: x}, {name: LAST", "@@ .spec.template.spec.containers[name=\"api\"].env\n  - name: LEVEL\n    value: info\n+ - name: NEW\n+   value: x\n  - name: LAST\n    value: z\n"},
		"an image":        {"sha256:1", "sha256:2", "@@ .spec.template.spec.containers[name=\"api\"]\n- image: registry.example/api@sha256:1\n+ image: registry.example/api@sha256:2\n"},
		"a variable and an image": {"value: info}, {name: LAST, value: z}]", "value: debug}]\n        imagePullPolicy: Always", "@@ .spec.template.spec.containers[name=\"api\"].env[name=\"LEVEL\"]\n- value: info\n+ value: debug\n" +
			"@@ .spec.template.spec.containers[name=\"api\"].env\n- - name: LAST\n-   value: z\n@@ .spec.template.spec.containers[name=\"api\"]\n  image: registry.example/api@sha256:1\n+ imagePullPolicy: Always\n"},
		"a list of no maps": {"--port=80", "--port=81", "@@ .spec.template.spec.containers[name=\"api\"].args\n  - --verbose\n- - --port=80\n+ - --port=81\n"},
		"a field of all":    {"  replicas: 2\n", "  paused: true\n  replicas: 2\n", "@@ .spec\n+ paused: true\n  replicas: 2\n  template:\n    spec:\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.hunks, shown(Hunks(state(t, deployment), state(t, strings.Replace(deployment, test.change, test.to, 1)), nothing)))
		})
	}
}

func TestATextIsComparedLineByLineWhateverIsInIt(t *testing.T) {
	t.Parallel()
	file := func(text string) map[string]any { return map[string]any{"data": map[string]any{"a.conf": text}} }
	require.Equal(t, "@@ .data[\"a.conf\"]\n  server {\n- \tlisten 80; \n+ \tlisten 81; \n  }\n",
		shown(Hunks(file("server {\n\tlisten 80; \n}\n"), file("server {\n\tlisten 81; \n}\n"), nothing)))
	require.Equal(t, "@@ .data\n- a.conf: |\n+ a.conf: |-\n    one\n    two\n", shown(Hunks(file("one\ntwo\n"), file("one\ntwo"), nothing)), "the last line's end")
	require.Equal(t, "@@ .data[\"a.conf\"]\n- one\n+ one\\r\n  two\n", shown(Hunks(file("one\ntwo\n"), file("one\r\ntwo\n"), nothing)), "an end of another kind")
	require.Equal(t, "@@ .data[\"a.conf\"]\n- one\n+ \\x1b[31mone\\u202e\n  two\n", shown(Hunks(file("one\ntwo\n"), file("\x1b[31mone\u202e\ntwo\n"), nothing)), "what steers a terminal")
	require.Equal(t, "@@ .data\n- a.conf: \"1\"\n+ a.conf: \"2\"\n", shown(Hunks(file("1"), file("2"), nothing)), "a text is no number")
	long := Hunks(nil, file(strings.Repeat("x", 1000)), nothing)
	require.Less(t, len(long[0].Lines[1].Text), 500)
}

func TestFieldsAreTheValuesThatDifferByTheirPaths(t *testing.T) {
	t.Parallel()
	after := strings.NewReplacer("--port=80", "--port=81, --more", "value: info", "value: debug", "      - name: proxy\n        image: proxy\n", "", "replicas: 2", "paused: true",
		"{name: FIRST, value: a}, {name: LEVEL", "{name: NEW, value: x}, {name: LEVEL").Replace(deployment)
	left := strings.Replace(after, "paused: true", "paused: true\n  replicas: 1", 1)
	api := `.spec.template.spec.containers[name="api"]`
	require.Equal(t, []Field{
		{Path: ".spec.paused", To: true},
		{Path: ".spec.replicas", From: 2.0, Left: 1.0},
		{Path: api + ".args", From: []any{"--verbose", "--port=80"}, To: []any{"--verbose", "--port=81", "--more"}},
		{Path: api + `.env[name="FIRST"].name`, From: "FIRST"},
		{Path: api + `.env[name="FIRST"].value`, From: "a"},
		{Path: api + `.env[name="LEVEL"].value`, From: "info", To: "debug"},
		{Path: api + `.env[name="NEW"].name`, To: "NEW"},
		{Path: api + `.env[name="NEW"].value`, To: "x"},
		{Path: `.spec.template.spec.containers[name="proxy"].image`, From: "proxy"},
		{Path: `.spec.template.spec.containers[name="proxy"].name`, From: "proxy"},
	}, Fields(state(t, deployment), state(t, after), state(t, left), nothing))
}

func TestItemsThatChangePlacesAreOneField(t *testing.T) {
	t.Parallel()
	before, after := state(t, "env: [{name: A}, {name: B}, {name: C}]"), state(t, "env: [{name: C}, {name: A}]")
	require.Equal(t, []Field{{Path: ".env", From: []any{"A", "C"}, To: []any{"C", "A"}}, {Path: `.env[name="B"].name`, From: "B"}}, Fields(before, after, nil, nothing))
	require.Empty(t, Fields(before, before, nil, nothing))
	require.Empty(t, Hunks(before, before, nothing))
	require.Empty(t, Fields(nil, nil, nil, nothing))
	require.Empty(t, Hunks(nil, nil, nothing))
}

func TestWhatIsHiddenIsSeenToDiffer(t *testing.T) {
	t.Parallel()
	hide := func(at Path, text string) string {
		if at[0] == ".data" {
			return Hidden
		}
		return strings.ReplaceAll(strings.ReplaceAll(text, "first", Hidden), "second", Hidden)
	}
	before := state(t, "{data: {changed: x, gone: y, same: z, file: \"a\\nb\\n\"}, url: 'http://first@a', lines: \"one first\\ntwo\\n\"}")
	after := state(t, "{data: {changed: y, new: y, same: z, file: \"a\\nc\\n\"}, url: 'http://second@a', lines: \"one second\\ntwo\\n\"}")
	require.Equal(t, `@@ .data
- changed: *** (before)
+ changed: *** (after)
- file: *** (before)
+ file: *** (after)
- gone: ***
+ new: ***
  same: ***
@@ .lines
- one *** (before)
+ one *** (after)
  two
@@ 
- url: http://***@a (before)
+ url: http://***@a (after)
`, shown(Hunks(before, after, hide)))
	require.Equal(t, []Field{
		{Path: ".data.changed", From: "*** (before)", To: "*** (after)"},
		{Path: ".data.file", From: "*** (before)", To: "*** (after)"},
		{Path: ".data.gone", From: "***"},
		{Path: ".data.new", To: "***"},
		{Path: ".lines", From: "one ***\ntwo\n (before)", To: "one ***\ntwo\n (after)"},
		{Path: ".url", From: "http://***@a (before)", To: "http://***@a (after)"},
	}, Fields(before, after, nil, hide))
}
