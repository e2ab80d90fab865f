package function

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
)

// answered is what the engine says of a module with one function of many arguments.
const answered = `{"module": {"name": "scannerab", "enums": [{"asEnum": {"name": "Severity", "members": [{"name": "LOW"}, {"name": "HIGH"}]}}], "objects": [
	{"asObject": {"name": "ScannerabOther", "functions": [{"name": "other"}]}},
	{"asObject": {"name": "Scannerab", "constructor": {"args": [{"name": "quiet", "typeDef": {"kind": "BOOLEAN_KIND", "optional": true}}]}, "functions": [
		{"name": "scanAll", "returnType": {"kind": "OBJECT_KIND", "asObject": {"name": "Directory"}}, "args": [
			{"name": "source", "typeDef": {"kind": "OBJECT_KIND", "asObject": {"name": "Directory"}}, "defaultPath": "/"},
			{"name": "config", "typeDef": {"kind": "OBJECT_KIND", "optional": true, "asObject": {"name": "File"}}},
			{"name": "base", "typeDef": {"kind": "OBJECT_KIND", "asObject": {"name": "Container"}}, "defaultAddress": "golang"},
			{"name": "by", "typeDef": {"kind": "OBJECT_KIND", "optional": true, "asObject": {"name": "Service"}}},
			{"name": "token", "typeDef": {"kind": "OBJECT_KIND", "optional": true, "asObject": {"name": "Secret"}}},
			{"name": "socket", "typeDef": {"kind": "OBJECT_KIND", "optional": true, "asObject": {"name": "Socket"}}},
			{"name": "minSeverity", "typeDef": {"kind": "ENUM_KIND", "asEnum": {"name": "Severity"}}, "defaultValue": "\"LOW\""},
			{"name": "protocol", "typeDef": {"kind": "ENUM_KIND", "optional": true, "asEnum": {"name": "NetworkProtocol"}}},
			{"name": "message", "typeDef": {"kind": "STRING_KIND"}},
			{"name": "digest", "typeDef": {"kind": "STRING_KIND", "optional": true}},
			{"name": "limit", "typeDef": {"kind": "INTEGER_KIND", "optional": true}},
			{"name": "share", "typeDef": {"kind": "FLOAT_KIND", "optional": true}},
			{"name": "strict", "typeDef": {"kind": "BOOLEAN_KIND", "optional": true}},
			{"name": "words", "typeDef": {"kind": "LIST_KIND", "optional": true, "asList": {"elementTypeDef": {"kind": "STRING_KIND"}}}}]}]}}]}}`

func scanAll(t *testing.T) *Function {
	t.Helper()
	var answer api
	require.NoError(t, json.Unmarshal([]byte(answered), &answer))
	found, err := answer.find("scan-all")
	require.NoError(t, err)
	return &Function{declared: found}
}

// known is a run in which some is known.
type known struct {
	anything
	text map[string]string
}

func (k known) Text(variable string) string    { return k.text[variable] }
func (known) Service() (*dagger.Service, bool) { return nil, false }

func TestArgumentsAreConvertedByTheTypesThatTheFunctionDeclares(t *testing.T) {
	t.Parallel()
	in := known{text: map[string]string{"VERSION": "1.2", "COMMIT": `a"b`}}
	for _, one := range []struct {
		args map[string]any
		want string
	}{
		{map[string]any{"message": "version $(VERSION)\n$(COMMIT), not $(version) nor $HOME"}, `(message: "version 1.2\na\"b, not $(version) nor $HOME")`},
		{map[string]any{"message": "", "min-severity": "HIGH", "limit": 3.0, "share": 0.5, "strict": true}, `(minSeverity: HIGH, message: "", limit: 3, share: 0.5, strict: true)`},
		{map[string]any{"message": "", "protocol": "TCP"}, `(protocol: TCP, message: "")`},
		{map[string]any{"message": "", "limit": "3", "strict": "false"}, `(message: "", limit: 3, strict: false)`},
		{map[string]any{"message": "", "words": []any{"$(VERSION)", "b"}}, `(message: "", words: ["1.2", "b"])`},
		{map[string]any{"message": "", "words": []any{}}, `(message: "", words: [])`},
		{map[string]any{"message": "$(DIGEST)", "digest": "$(DIGEST)"}, `(message: "")`}, // not known: left out where that is possible
		{map[string]any{"message": "", "digest": "at $(DIGEST)"}, `(message: "", digest: "at ")`},
		{map[string]any{"message": "", "by": "$(ADDRESS)"}, `(message: "")`},
		{map[string]any{"message": "", "source": "$(SOURCE)/web", "config": "$(REPORT)/report.json", "base": "golang:$(VERSION)"}, `(source: null, config: null, base: null, message: "")`},
	} {
		got, err := scanAll(t).arguments(t.Context(), description.Step{Args: one.args}, in)
		require.NoError(t, err)
		require.Equal(t, one.want, got)
	}
}

func TestArgumentsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name  string
		value any
		want  string
	}{
		{"mesage", "", "function scanAll has no argument mesage; it takes base, by, config, digest, limit, "},
		{"Min_Severity", "LOW", "argument minSeverity is given twice"},
		{"message", 3.0, "argument message: want text, not 3: put it in quotes"},
		{"message", "$(SOURCE)/web", "argument message: $(SOURCE) is a folder, for an argument of type Directory"},
		{"message", []any{"a"}, `argument message: want text, not ["a"]`},
		{"limit", 0.5, "argument limit: want integer, not 0.5"},
		{"limit", "$(VERSION)", "argument limit: want integer, not $(VERSION)"},
		{"share", "half", "argument share: want float, not half"},
		{"strict", "yes", "argument strict: want boolean, not yes"},
		{"minSeverity", "MEDIUM", "argument minSeverity: want one of LOW, HIGH, not MEDIUM"},
		{"protocol", "TCP) {id}", "argument protocol: want NetworkProtocol, not TCP) {id}"},
		{"words", "a", "argument words: want a list of text, not a"},
		{"words", []any{true}, "argument words: want text, not true: put it in quotes"},
		{"source", ".", "argument source: .: want $(SOURCE) or $(REPORT), or what is below it"},
		{"source", "$(VERSION)", "argument source: $(VERSION): want $(SOURCE) or $(REPORT)"},
		{"source", "a $(SOURCE)", "argument source: a $(SOURCE): want $(SOURCE) or $(REPORT)"},
		{"source", "$(SOURCE)/../etc", "argument source: /../etc: want a path below the folder"},
		{"source", true, "argument source: want Directory, not true"},
		{"config", "$(SOURCE)", "argument config: want a file, as in $(SOURCE)/go.mod"},
		{"by", "http://example.com", "argument by: http://example.com: want $(ADDRESS)"},
		{"token", "hunter2", "argument token: want a secret: give it in secrets, by a reference"},
		{"socket", "a", "argument socket: Socket cannot be given by a description"},
	} {
		args := map[string]any{"message": "", "minSeverity": "LOW"}
		args[one.name] = one.value
		_, err := scanAll(t).arguments(t.Context(), description.Step{Args: args}, anything{})
		require.ErrorContains(t, err, one.want)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := scanAll(t).arguments(t.Context(), description.Step{}, anything{})
	require.EqualError(t, err, "function scanAll needs the argument message (text)")
	secret := map[string]description.Secret{"message": "env://A"}
	_, err = scanAll(t).arguments(t.Context(), description.Step{Secrets: secret}, anything{})
	require.EqualError(t, err, "argument message: want text, not a secret")
}

func TestAFunctionIsFoundByEitherNameAndHasToReturnWhatAStepCanKeep(t *testing.T) {
	t.Parallel()
	var answer api
	require.NoError(t, json.Unmarshal([]byte(answered), &answer))
	found, err := answer.find("scanAll")
	require.NoError(t, err)
	require.Equal(t, "scanAll", found.Name)
	_, err = answer.find("other")
	require.EqualError(t, err, "it has no function other, but scanAll")
	answer.Module.Objects[1].AsObject.Constructor.Args[0].Type.Optional = false
	_, err = answer.find("scanAll")
	require.ErrorContains(t, err, "it cannot be made without an argument quiet")

	f, step := scanAll(t), description.Step{Name: "scan", Module: "./a", Args: map[string]any{"message": ""}, SARIF: "/scan.sarif"}
	require.NoError(t, f.fits(t.Context(), step))
	f.Returns = Type{Kind: "STRING_KIND"}
	require.EqualError(t, f.fits(t.Context(), step), "steps: scan: module ./a: function scanAll returns text, and files, junit and sarif are those of a Directory, a File or a Container")
	f.Returns.Kind, f.Returns.AsObject = "OBJECT_KIND", &struct{ Name string }{"Scanner"}
	require.ErrorContains(t, f.fits(t.Context(), step), "function scanAll: it returns Scanner: a step's returns text, a number, true or false, nothing, a Directory, a File or a Container")
}

func TestAModuleIsServedUncachedByANameOfItsOwn(t *testing.T) {
	t.Parallel()
	name, content, err := withoutCache(`{"name": "my-scanner2", "sdk": {"source": "go"}, "disableDefaultFunctionCaching": false}`)
	require.NoError(t, err)
	require.Equal(t, "my-scanner2", name)
	require.JSONEq(t, `{"name": "my-scanner2", "sdk": {"source": "go"}, "disableDefaultFunctionCaching": true}`, content)
	_, _, err = withoutCache(`{}`)
	require.ErrorContains(t, err, "name: ")
	require.Regexp(t, `^myscanner[a-z]{8}$`, alias(name, "./a"))
	require.Equal(t, alias(name, "./a"), alias(name, "./a"))
	require.NotEqual(t, alias(name, "./a"), alias(name, "./b"))
}
