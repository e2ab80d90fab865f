// Package e2e holds the end-to-end tests: the program as users start it, against
// the sandbox's real engine, cluster and registry. They run with SLIPWAY_E2E=1 and
// are skipped without it.
//
// Every test that deploys does so from a copy of the repository with a git history
// of its own, into namespaces of its own and under a production path of its own,
// so that tests run beside each other and beside whatever else the sandbox holds.
package e2e
