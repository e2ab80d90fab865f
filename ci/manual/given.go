package manual

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Given are the flags that somebody gave on the command line, but for some, as a shell takes them again. Those of the environment are
// not among them: they are still there.
func Given(parsed *kong.Context, except ...string) (out []string) {
	for _, part := range parsed.Path {
		if part.Flag == nil || part.Resolved || slices.Contains(except, part.Flag.Name) {
			continue
		}
		word := "--" + part.Flag.Name
		switch value := part.Flag.Target.Interface().(type) {
		case bool:
		case []string:
			word += "=" + forShell(strings.Join(value, ","))
		case map[string]string:
			word += "=" + forShell(pairs(value))
		default:
			word += "=" + forShell(fmt.Sprint(value))
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

func pairs(of map[string]string) string {
	var out []string
	for name, value := range of {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return strings.Join(out, ";")
}

// plainWord needs no quotes in a shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=,@+-]+$`)

func forShell(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
