package manual

import (
	_ "embed"
	"fmt"
)

// Asked is the hidden command that a shell's script calls with the words of the line: it prints what may follow, a line
// each, with a tab before what it means.
const Asked = "__complete"

var (
	//go:embed shells/bash.sh
	bash string
	//go:embed shells/zsh.sh
	zsh string
	//go:embed shells/fish.fish
	fish string
)

// Script is what a shell reads to complete the command line.
func Script(shell string) (string, error) {
	script, ok := map[string]string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
	if !ok {
		return "", fmt.Errorf("shell %s: want bash, zsh or fish", shell)
	}
	return script, nil
}
