// Package goreleaser holds no code but a test of .goreleaser.yaml, and names in go.mod the
// GoReleaser that .github/workflows/release.yml runs.
package goreleaser
