// Carries a commit from source to verified production, in six stages: build, functional, release, deploy, production, cleanup.
//
// The application's repository holds a Dockerfile, tests and kustomize overlays, and describes them in a file .slipway.yaml;
// https://github.com/slipway-cd/slipway tells what it must hold. What is here means the same as on the command line
// `go run ./ci`. Each function that deploys takes the cluster as --kubeconfig file:PATH and the registry's password as
// --registry-password env:NAME, and is carried out anew every time.
package main

// Slipway has a function for each command.
type Slipway struct{}
