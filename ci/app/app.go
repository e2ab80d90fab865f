// Package app describes the application that is shipped.
package app

import "github.com/slipway-cd/slipway/ci/description"

// Application is the one value to edit in a repository that holds a copy of ci/; one
// that does not describes itself in a file .slipway.yaml.
var Application = description.Application{
	Name:       "go-demo",
	Dockerfile: "Dockerfile",

	CheckTarget: "check",
	UnitTarget:  "unit",
	TestTarget:  "test",

	Functional: []string{"/tests/app.test", "-test.v", "-test.run", "FunctionalTest"},
	Production: []string{"/tests/app.test", "-test.v", "-test.run", "ProductionTest"},
	Passed:     "--- PASS: Test",

	Service:  "api",
	Port:     8080,
	BetaPath: "/beta",
	Health:   "/health",

	Namespaces: "kustomize/namespaces",
	PerRun:     []string{"kustomize/components/per-run"},
}
