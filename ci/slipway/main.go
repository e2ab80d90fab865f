// Command slipway is ../main.go under the name that it is installed by: go install names a program after its folder.
package main

import (
	"os"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/command"
)

func main() { os.Exit(command.Main(app.Application, os.Args[1:])) }
