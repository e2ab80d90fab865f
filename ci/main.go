// Command ci carries a commit of the application from source to verified
// production: `go run ./ci`. What it takes is in ci/command, the stages are in
// ci/pipeline.
package main

import (
	"os"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/command"
)

func main() { os.Exit(command.Main(app.Application, os.Args[1:])) }
