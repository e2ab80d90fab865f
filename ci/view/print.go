package view

import (
	"encoding/json"
	"io"
	"os"

	"github.com/slipway-cd/slipway/ci/report"
)

// Print prints what a command found out: as JSON for programs, else as text for people.
func Print[T any](mode report.Mode, screen report.Screen, value T, text func(report.Screen) string) error {
	if mode == report.JSON {
		return printJSON(screen.Out, value)
	}
	screen.Color = screen.Color && mode != report.Plain
	_, err := io.WriteString(screen.Out, mode.Guard(text(screen), screen, os.Getenv))
	return err
}

// printJSON writes what a program reads.
func printJSON[T any](to io.Writer, value T) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
