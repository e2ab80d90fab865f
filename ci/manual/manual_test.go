package manual

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/goldentest"
)

// line is a command line that has all that this package knows of.
type line struct {
	Until   string `default:"end" values:"start,end" help:"Stop there." placeholder:"STAGE"`
	File    string `help:"A \"file\" of .yaml or '.json', C:\\path." placeholder:"FILE"`
	Verbose bool   `short:"v" help:"Say more."`
	Lease   string `hidden:"" help:"Not for users."`

	Run struct{} `cmd:"" default:"1" help:"Run all."`
	Box struct {
		Action string `arg:"" enum:"up,down" help:"up or down."`
	} `cmd:"" help:"A box."`
	Undo struct {
		To   string `help:"How far." placeholder:"V"`
		Form string `enum:"text,json" default:"text" help:"Of the output."`
	} `cmd:"" help:"Go back."`
	Secret struct{} `cmd:"" hidden:"" help:"Not for users."`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := kong.New(&line{}, kong.Name("prog"), kong.Description("Does things."), kong.DefaultEnvars("PROG"))
	require.NoError(t, err)
	return parser.Model
}

func TestWordsAreThoseThatMayFollow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ words, want []string }{
		{nil, []string{"run", "box", "undo"}},
		{[]string{""}, []string{"run", "box", "undo"}},
		{[]string{"u"}, []string{"undo"}},
		{[]string{"--u"}, []string{"--until"}},
		{[]string{"-"}, []string{"--help", "--until", "--file", "--verbose"}},
		{[]string{"undo", "--"}, []string{"--help", "--until", "--file", "--verbose", "--to", "--form"}},
		{[]string{"--to"}, nil}, // which only undo takes
		{[]string{"--until", ""}, []string{"start", "end"}},
		{[]string{"--until", "e"}, []string{"end"}},
		{[]string{"--until", "="}, []string{"start", "end"}},
		{[]string{"--until", "=", "e"}, []string{"end"}},
		{[]string{"--until=e"}, []string{"--until=end"}},
		{[]string{"--until=end", "b"}, []string{"box"}},
		{[]string{"--file", ""}, nil}, // any file
		{[]string{"--file", "box", "u"}, []string{"undo"}},
		{[]string{"--nothing=x"}, nil},
		{[]string{"-v", ""}, []string{"run", "box", "undo"}},
		{[]string{"box", ""}, []string{"up", "down"}},
		{[]string{"--until", "end", "box", "d"}, []string{"down"}},
		{[]string{"undo", "--form", ""}, []string{"text", "json"}},
		{[]string{"undo", ""}, nil},
		{[]string{"secret", "--to"}, nil},
	} {
		var got []string
		for _, word := range Words(model(t), test.words) {
			got = append(got, word.Text)
		}
		require.Equal(t, test.want, got, "%q", test.words)
	}
	require.Equal(t, []Word{{"undo", "Go back."}}, Words(model(t), []string{"un"}))
}

func TestThePageHasWhatUsersMayGive(t *testing.T) {
	t.Parallel()
	goldentest.Require(t, "page.1", Page(model(t), "prog", "v1.2.3"))
}

func TestAShellHasAScript(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, err := Script(shell)
		require.NoError(t, err)
		require.Contains(t, script, Asked)
	}
	_, err := Script("ksh")
	require.EqualError(t, err, "shell ksh: want bash, zsh or fish")
}
