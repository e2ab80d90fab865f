package description

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// The instructions of a Dockerfile that name images, and the arguments that are declared before the first of them
// (https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact).
var (
	instruction = regexp.MustCompile(`(?i)^\s*(FROM|ARG|COPY|RUN)\s+(.*)$`)
	fromOption  = regexp.MustCompile(`(?i)--from=(\S+)|--mount=\S*\bfrom=([^,\s]+)`)
	variable    = regexp.MustCompile(`\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))`)
)

// usage is what one stage of a Dockerfile takes from others, or from published images.
type usage struct {
	name string // lower case; empty: it has none
	from []string
}

// Bases returns the published images that a build takes anything from, as its Dockerfile names them, with its build arguments put
// in. A Dockerfile that cannot be read has none.
func (b Build) Bases(tree fs.FS) []string {
	content, err := fs.ReadFile(tree, b.File())
	if err != nil {
		return nil
	}
	stages := usages(string(content), b.Args)
	if len(stages) == 0 {
		return nil
	}
	last := len(stages) - 1
	if b.Target != "" {
		last = slices.IndexFunc(stages, func(s usage) bool { return s.name == strings.ToLower(b.Target) })
	}
	var out []string
	seen := map[int]bool{}
	var follow func(n int)
	follow = func(n int) {
		if n < 0 || seen[n] {
			return
		}
		seen[n] = true
		for _, from := range stages[n].from {
			before := slices.IndexFunc(stages[:n], func(s usage) bool { return s.name != "" && s.name == strings.ToLower(from) })
			switch {
			case before >= 0:
				follow(before)
			case from != "scratch" && from != "" && !slices.Contains(out, from) && !isNumber(from):
				out = append(out, from)
			}
		}
	}
	follow(last)
	slices.Sort(out)
	return out
}

func usages(content string, given map[string]string) (stages []usage) {
	arguments := map[string]string{}
	for line := range strings.Lines(strings.ReplaceAll(content, "\\\n", " ")) {
		match := instruction.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if match == nil {
			continue
		}
		words := strings.Fields(match[2])
		switch name := strings.ToUpper(match[1]); {
		case name == "ARG" && len(stages) == 0:
			key, value, _ := strings.Cut(words[0], "=")
			if passed, ok := given[key]; ok {
				value = passed
			}
			arguments[key] = strings.Trim(value, `"'`)
		case name == "FROM":
			words = slices.DeleteFunc(words, func(word string) bool { return strings.HasPrefix(word, "--") })
			if len(words) == 0 {
				continue
			}
			stage := usage{from: []string{filled(words[0], arguments)}}
			if len(words) == 3 && strings.EqualFold(words[1], "as") {
				stage.name = strings.ToLower(words[2])
			}
			stages = append(stages, stage)
		case len(stages) > 0:
			last := &stages[len(stages)-1]
			for _, found := range fromOption.FindAllStringSubmatch(match[2], -1) {
				last.from = append(last.from, found[1]+found[2])
			}
		}
	}
	return stages
}

// filled puts arguments into a name.
func filled(text string, arguments map[string]string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		match := variable.FindStringSubmatch(found)
		if value := arguments[match[1]+match[3]]; value != "" {
			return value
		}
		return match[2]
	})
}

func isNumber(text string) bool { return strings.Trim(text, "0123456789") == "" }
