// Package others holds Slipway beside other tools that deploy to Kubernetes: it puts
// something into a real cluster with their own libraries and looks at what Slipway
// makes of it, and they of what Slipway did. It has tests only.
package others
