package manual

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Page is the man page of a program, in roff.
func Page(model *kong.Application, name, version string) string {
	p := &page{}
	p.macro("TH", strings.ToUpper(name), "1", "", strings.TrimSpace(name+" "+version))
	p.line(".nh\n.ad l") // a variable that is broken by a hyphen is another one
	p.section("NAME")
	p.text(name + " - from a commit to verified production with one command")
	p.section("SYNOPSIS")
	p.line(`.B ` + escaped(name))
	p.line(`.RI [ command ]\ [ flags ]`)
	p.section("DESCRIPTION")
	p.text(model.Help)
	p.section("OPTIONS")
	p.text("Every command takes these.")
	p.flags(model.Flags)
	p.section("COMMANDS")
	for _, command := range model.Children {
		p.command(name, command)
	}
	p.section("SEE ALSO")
	p.text("https://github.com/slipway-cd/slipway has what each exit code means, in docs/troubleshooting.md.")
	return p.out.String()
}

type page struct{ out strings.Builder }

func (p *page) line(text string) { p.out.WriteString(text + "\n") }

func (p *page) macro(name string, arguments ...string) {
	text := "." + name
	for _, argument := range arguments {
		text += ` "` + strings.ReplaceAll(escaped(argument), `"`, `\(dq`) + `"`
	}
	p.line(text)
}

func (p *page) section(name string) { p.macro("SH", name) }

// text is a paragraph's, in which nothing is a command of roff.
func (p *page) text(text string) { p.line(escaped(text)) }

func (p *page) command(name string, command *kong.Node) {
	if command.Hidden {
		return
	}
	var arguments []string
	for _, value := range command.Positional {
		arguments = append(arguments, value.Summary())
	}
	p.macro("SS", strings.Join(append([]string{name, command.Name}, arguments...), " "))
	p.text(command.Help)
	p.flags(command.Flags)
}

func (p *page) flags(flags []*kong.Flag) {
	for _, flag := range flags {
		if flag.Hidden {
			continue
		}
		p.line(".TP")
		name := "--" + flag.Name
		if flag.Short != 0 {
			name = fmt.Sprintf("-%c, %s", flag.Short, name)
		}
		if flag.IsBool() {
			p.macro("B", name)
		} else {
			p.macro("BI", name+"=", flag.FormatPlaceHolder())
		}
		p.text(told(flag))
	}
}

// told is what a flag means, its default where the text does not have it, and its variable.
func told(flag *kong.Flag) string {
	text := flag.Help
	if flag.HasDefault && flag.Default != "" && !flag.IsBool() && !strings.Contains(text, "(default") {
		text = strings.TrimSuffix(text, ".") + " (default: " + flag.Default + ")."
	}
	for _, variable := range flag.Envs {
		text += " $" + variable
	}
	return text
}

// escaped keeps roff from reading text: its backslash, a hyphen that would become another character, and what begins a
// command where it stands first.
func escaped(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
