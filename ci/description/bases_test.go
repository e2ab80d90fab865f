package description_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
)

func TestABuildIsBasedOnTheImagesThatItsStageTakesSomethingFrom(t *testing.T) {
	t.Parallel()
	const file = `# syntax=x
ARG GO_IMAGE=golang:1.26
ARG VARIANT
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS source
FROM source AS Build
RUN --mount=type=cache,target=/x --mount=type=bind,from=busybox:1,target=/y \
    go build
FROM node:${VARIANT:-24}-slim AS page
FROM browser:1 AS test
FROM scratch
COPY --from=build /a /a
COPY --chown=1 --from=page /b /b
COPY --from=ghcr.example.com/certs@sha256:0123 /c /c
COPY --from=0 /d /d
`
	tree := fstest.MapFS{"app/Dockerfile": {Data: []byte(file)}}
	build := description.Build{Context: "app", Dockerfile: "Dockerfile"}
	require.Equal(t, []string{"busybox:1", "ghcr.example.com/certs@sha256:0123", "golang:1.26", "node:24-slim"}, build.Bases(tree))
	build.Target, build.Args = "test", map[string]string{"GO_IMAGE": "golang:1.27"}
	require.Equal(t, []string{"browser:1"}, build.Bases(tree))
	build.Target = "source"
	require.Equal(t, []string{"golang:1.27"}, build.Bases(tree))
	build.Dockerfile = "absent"
	require.Empty(t, build.Bases(tree))
}
