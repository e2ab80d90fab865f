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
	As      string `json:"as,omitempty"` // the account that is impersonated there, in the build namespace

	ProductionAs string `json:"productionAs,omitempty"` // the same in production
	Report       string `json:"report"`                 // the folder of the reports

	Stages []string `json:"stages,omitempty"` // that the run may have, by their names
}

// Printer shows the progress of a run to people or programs. Its methods may be called concurrently.
type Printer interface {
	// Begin is called once, first.
	Begin(run Header)
	// StageStarted is called for every stage that is not skipped.
	StageStarted(name string)
	// Note tells what a running stage is doing, in a few words.
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

// widthUnknown is the usual width of a terminal.
const widthUnknown = 80

// ScreenOf returns a screen that writes to file. It has colours if it is a terminal and env does not hold NO_COLOR
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
	switch mode = mode.resolve(screen.Terminal, env); mode {
	case TTY:
		return &live{screen: screen}
	case JSON:
		return &events{out: screen.Out}
	}
	return &plain{out: screen.Out, fold: mode.folding()}
}
