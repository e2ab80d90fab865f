package report

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Header is what is known when a run begins.
type Header struct {
	Run     string `json:"run"`
	Version string `json:"version"`
	Image   string `json:"image"`
	Commit  string `json:"commit"`
	Cluster string `json:"cluster"`
	As      string `json:"as,omitempty"` // the account that is impersonated there
	Report  string `json:"report"`       // the folder of the reports
}

// Printer tells people or programs how a run goes on. Its methods may be called concurrently.
type Printer interface {
	// Begin is called once, first.
	Begin(run Header)
	// StageStarted is called for every stage that is not skipped.
	StageStarted(name string)
	// Note tells what a running stage does now, in a few words.
	Note(stage, text string)
	// StageEnded is called for every stage, skipped ones too; logTail is printed if it failed.
	StageEnded(stage Stage, logTail []string)
	// End is called once, last: it prints the verdict and leaves the terminal as it was.
	End(report Report)
}

// Screen is where a Printer writes to.
type Screen struct {
	Out      io.Writer
	Terminal bool
	Color    bool
	Width    func() int // columns, asked at each redraw since windows are resized; nil: 80; used by TTY alone
}

// widthUnknown is that of the first terminals, which none falls short of.
const widthUnknown = 80

// ScreenOf returns the screen that file is. It has colours if it is a terminal and env does not hold NO_COLOR
// (https://no-color.org).
func ScreenOf(file *os.File, env func(string) string) Screen {
	descriptor := int(file.Fd())
	terminal := term.IsTerminal(descriptor)
	return Screen{
		Out:      file,
		Terminal: terminal,
		Color:    terminal && env("NO_COLOR") == "" && env("TERM") != "dumb",
		Width: func() int {
			if width, _, err := term.GetSize(descriptor); err == nil && width > 0 {
				return width
			}
			return widthUnknown
		},
	}
}

// NewPrinter returns the printer for mode on screen. env (os.Getenv) tells what Auto stands for.
func NewPrinter(mode Mode, screen Screen, env func(string) string) Printer {
	switch mode.resolve(screen.Terminal, env) {
	case TTY:
		return &live{screen: screen}
	case JSON:
		return &events{out: screen.Out}
	case GitHub:
		return &plain{out: screen.Out, fold: github{}}
	case GitLab:
		return &plain{out: screen.Out, fold: gitlab{}}
	case Azure:
		return &plain{out: screen.Out, fold: azure{}}
	}
	return &plain{out: screen.Out, fold: unfolded{}}
}

// Heading returns text as what stands above a table.
func (s Screen) Heading(text string) string { return s.paint(bold, text) }

// paint returns text in a colour (ECMA-48 SGR) where the screen has colours.
func (s Screen) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// mark returns the sign and the colour of a result.
func mark(result Result) (sign, color string) {
	switch result {
	case Passed:
		return "✓", green
	case Skipped:
		return "-", dim
	case Interrupted, Superseded:
		return "!", yellow
	}
	return "✗", red
}
