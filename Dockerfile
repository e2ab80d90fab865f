# The contract with the pipeline, which any language can fulfil:
#   check, unit   stages that fail when static checks or unit tests fail
#   test          an image with the compiled tests: nothing is compiled while a beta waits to be tested
#   (last)        the image that is shipped
# No syntax line: a build needs no network but for the base image and modules that are not cached yet.
ARG GO_IMAGE=golang:1.26

FROM ${GO_IMAGE} AS source
WORKDIR /src
# The same flags everywhere, so that every dependency is compiled once for checks, tests and program.
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
COPY go.mod go.sum ./
# What takes long to compile comes first and once: the stages below may run at the same time, and each would do it again.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build github.com/jackc/pgx/v5/pgxpool github.com/prometheus/client_golang/prometheus/promhttp github.com/stretchr/testify/suite
COPY *.go ./

FROM source AS check
COPY scripts/lint scripts/lint
RUN unformatted=$(gofmt -l *.go) && if [ -n "$unformatted" ]; then echo "run gofmt -w on: $unformatted" && exit 1; fi
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go vet .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/root/.cache/staticcheck \
    go tool -modfile=scripts/lint/go.mod staticcheck .

FROM source AS unit
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go test -run UnitTest -v .

FROM source AS tests-build
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go test -c -ldflags "-s -w" -o /out/tests/app.test .
RUN mkdir -m 1777 /out/tmp

FROM scratch AS test
COPY --from=tests-build /out/ /
USER 65532:65532
ENTRYPOINT ["/tests/app.test", "-test.v"]

FROM source AS build
# Nothing above depends on these two, so that a new version alone leaves checks and tests cached.
ARG VERSION=dev
ARG COMMIT=unknown
# The file's time is fixed: the same commit gives the same bytes, layer and digest.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" -o /out/go-demo .
RUN touch -d @0 /out/go-demo

FROM scratch
COPY --from=build /out/go-demo /go-demo
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/go-demo"]
