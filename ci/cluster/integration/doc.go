// Package integration tests the cluster's packages together, on a real API server. It
// does not know their unexported names.
package integration
