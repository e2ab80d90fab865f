// Package manual tells what the command line takes, from its model: to shells that complete it, and as a man page. It
// knows no command by name.
package manual

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Word is what a shell may put in place of the one that is being typed.
type Word struct{ Text, Help string }

// Words returns what may follow, by the words behind the program's name; the last one is being typed, and may be empty.
// Nothing means that any file may.
func Words(model *kong.Application, words []string) []Word {
	if len(words) == 0 {
		words = []string{""}
	}
	typed, before := words[len(words)-1], words[:len(words)-1]
	command := commandOf(model.Node, before)
	if flag, ok := flagOf(command, before); ok {
		return startingWith(typed, values(flag.Value))
	}
	// Bash makes three words of --flag=value; the others leave it one, and want it back whole.
	if name, value, ok := strings.Cut(typed, "="); ok && strings.HasPrefix(name, "--") {
		if flag := find(command, name); flag != nil {
			return prefixed(name+"=", startingWith(value, values(flag.Value)))
		}
		return nil
	}
	if strings.HasPrefix(typed, "-") {
		return startingWith(typed, flags(command))
	}
	return startingWith(typed, append(commands(command), positionals(command)...))
}

// commandOf is the command that the words name, else the program itself.
func commandOf(node *kong.Node, words []string) *kong.Node {
	for i, word := range words {
		if _, value := flagOf(node, words[:i]); value {
			continue
		}
		for _, child := range node.Children {
			if child.Name == word && !child.Hidden {
				return commandOf(child, words[i+1:])
			}
		}
	}
	return node
}

// flagOf is the flag whose value follows the words.
func flagOf(command *kong.Node, words []string) (*kong.Flag, bool) {
	last := len(words) - 1
	if last > 0 && words[last] == "=" {
		last--
	}
	if last < 0 {
		return nil, false
	}
	flag := find(command, words[last])
	return flag, flag != nil && (!flag.IsBool() || last < len(words)-1)
}

// find is the flag of that name which a command takes.
func find(command *kong.Node, name string) *kong.Flag {
	for _, group := range command.AllFlags(true) {
		for _, flag := range group {
			if "--"+flag.Name == name || flag.Short != 0 && "-"+string(flag.Short) == name {
				return flag
			}
		}
	}
	return nil
}

func flags(command *kong.Node) (out []Word) {
	for _, group := range command.AllFlags(true) {
		for _, flag := range group {
			out = append(out, Word{"--" + flag.Name, flag.Help})
		}
	}
	return out
}

func commands(node *kong.Node) (out []Word) {
	for _, child := range node.Children {
		if !child.Hidden {
			out = append(out, Word{child.Name, child.Help})
		}
	}
	return out
}

func positionals(command *kong.Node) (out []Word) {
	for _, value := range command.Positional {
		out = append(out, values(value)...)
	}
	return out
}

// values are those that a flag or an argument takes, where they are few: its enum, or its tag "values".
func values(value *kong.Value) (out []Word) {
	list := value.Enum
	if list == "" && value.Tag != nil {
		list = value.Tag.Get("values")
	}
	for _, text := range strings.Split(list, ",") {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, Word{Text: text})
		}
	}
	return out
}

func startingWith(typed string, words []Word) (out []Word) {
	if typed == "=" { // Bash's word, behind which nothing is typed yet
		typed = ""
	}
	for _, word := range words {
		if strings.HasPrefix(word.Text, typed) {
			out = append(out, word)
		}
	}
	return out
}

func prefixed(prefix string, words []Word) (out []Word) {
	for _, word := range words {
		out = append(out, Word{prefix + word.Text, word.Help})
	}
	return out
}
