// Package kustomize holds what bootstrap gives an application whose repository has
// no namespaces of its own. It is data; nothing here knows the application.
package kustomize

import "embed"

// Files has the folder namespaces, as it lies beside this file.
//
//go:embed namespaces
var Files embed.FS
