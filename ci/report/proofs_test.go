package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAJUnitFileProvesTheTestsThatItLists(t *testing.T) {
	t.Parallel()
	tests, err := ParseJUnit(`<?xml version="1.0"?><testsuites><testsuite name="a" tests="3">
		<testcase classname="shop" name="answers" time="1.5"/>
		<testcase name="orders"><failure message="want 2">got 3</failure></testcase>
		<testcase name="later"><skipped/></testcase>
		<testsuite name="inner"><testcase name="deep"><error>broke</error></testcase></testsuite></testsuite></testsuites>`, "http://a")
	require.NoError(t, err)
	require.Equal(t, []Test{
		{Name: "shop.answers", Result: Passed, Seconds: 1.5, At: "http://a"},
		{Name: "orders", Result: Failed, At: "http://a", Output: "want 2\ngot 3"},
		{Name: "later", Result: Skipped, At: "http://a"},
		{Name: "deep", Result: Failed, At: "http://a", Output: "broke"},
	}, tests)

	tests, err = ParseJUnit(`<testsuite><testcase name="alone"/></testsuite>`, "")
	require.NoError(t, err)
	require.Len(t, tests, 1)
	tests, err = ParseJUnit("<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='caf\xe9'/></testsuite>", "")
	require.NoError(t, err)
	require.Equal(t, "café", tests[0].Name)
	for _, hidden := range []string{
		`<testsuites tests="1" failures="1"><testcase name="a"/></testsuites>`, `<testsuite errors="1"><testcase name="a"/></testsuite>`,
		`<testsuites><testsuite name="b"><error>it broke</error><testcase name="a"/></testsuite></testsuites>`,
	} {
		tests, err = ParseJUnit(hidden, "")
		require.NoError(t, err)
		require.Equal(t, Failed, tests[len(tests)-1].Result, hidden)
	}

	for content, want := range map[string]string{
		"":              "not a JUnit file: EOF",
		"<html></html>": "not a JUnit file: its root is <html>",
		`<testsuite tests="5"><testcase name="a"/></testsuite>`:           "it counts 5 tests and lists 1",
		`<testsuite><testcase name="a"/></testsuite><testsuite/>`:         "not a JUnit file: something stands behind its end",
		`<testsuites></testsuites>`:                                       "no test ran",
		`<testsuite><testcase name="a"><skipped/></testcase></testsuite>`: "no test ran",
	} {
		_, err := ParseJUnit(content, "")
		require.EqualError(t, err, want, content)
	}
}

func TestTAPProvesTheTestsThatItLists(t *testing.T) {
	t.Parallel()
	tests, err := ParseTAP("TAP version 14\n1..7\nok 1 - answers\n    ok 1 - inner\nnot ok 2 - orders\n  ---\n  want: 2\n  ...\nok 3\nok 4 later # SKIP no network\nnot ok 5 - soon # TODO\nnot ok 6 - fix #12\nok 7 - slow # time=5ms\n", "http://a")
	require.NoError(t, err)
	require.Equal(t, []Test{
		{Name: "answers", Result: Passed, At: "http://a"},
		{Name: "orders", Result: Failed, At: "http://a", Output: "not ok 2 - orders"},
		{Name: "test 3", Result: Passed, At: "http://a"},
		{Name: "later", Result: Skipped, At: "http://a"},
		{Name: "soon", Result: Skipped, At: "http://a"},
		{Name: "fix #12", Result: Failed, At: "http://a", Output: "not ok 6 - fix #12"},
		{Name: "slow # time=5ms", Result: Passed, At: "http://a"},
	}, tests)
	for output, want := range map[string]string{
		"":                         "no test ran",
		"okay\n":                   "no test ran",
		"1..0 # skip\n":            "no test ran",
		"ok 1 # skip\n":            "no test ran",
		"1..2\nok 1\n":             "2 tests were planned and 1 ran",
		"ok 1\nBail out! no way\n": "the tests bailed out no way",
	} {
		_, err := ParseTAP(output, "")
		require.EqualError(t, err, want, output)
	}
}
