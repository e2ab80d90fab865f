package pipeline

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/testrun"
)

func TestTheEngineHangsTheApplicationsTestsBelowTheirSuite(t *testing.T) {
	if os.Getenv("SLIPWAY_TEST_ENGINE") == "" {
		t.Skip("SLIPWAY_TEST_ENGINE is not set: it needs the sandbox's engine, `. <(go run ./ci sandbox env)`")
	}
	f, receiver := traced(t, "functional")
	client, err := dagger.Connect(t.Context()) // its command takes the same receiver from the environment
	require.NoError(t, err)
	program := environmentProgram(t)
	require.NoError(t, os.WriteFile(filepath.Join(program, "Dockerfile"), []byte("FROM scratch\nCOPY environment /environment\n"), 0o644))
	f.env.Engine = &engine.Session{Source: func(string) *dagger.Directory { return client.Host().Directory(program) }}
	f.on("functional", func(ctx context.Context) error {
		return f.tests().RunSuites(ctx, []description.Suite{{Build: description.Build{Dockerfile: "Dockerfile"}, Command: []string{"/environment"}, Passed: "--- PASS"}},
			testrun.Place{Stage: "functional", Address: "http://api:8080/demo"})
	})
	done, err := f.executeTraced(t, t.Context())
	require.NoError(t, err)
	require.Empty(t, done.Stages[0].Error)
	require.Equal(t, "TestEnvironment", done.Stages[0].Tests[0].Name)
	require.NoError(t, client.Close()) // it exports the engine's spans

	output, err := os.ReadFile(f.env.Dir.LogPath("functional"))
	require.NoError(t, err)
	require.Contains(t, string(output), "ADDRESS=http://api:8080/demo")
	told := regexp.MustCompile(`TRACEPARENT=00-(\w{32})-(\w{16})-01`).FindSubmatch(output)
	require.NotNil(t, told, string(output))
	tests := receiver.Span(t, "functional tests")
	require.Equal(t, hex.EncodeToString(tests.TraceId), string(told[1]))

	parents := map[string]string{}
	for _, span := range receiver.Spans() {
		parents[hex.EncodeToString(span.SpanId)] = hex.EncodeToString(span.ParentSpanId)
	}
	var above []string
	for span := string(told[2]); span != ""; span = parents[span] {
		above = append(above, span)
	}
	require.Contains(t, above, hex.EncodeToString(tests.SpanId))
}

// environmentProgram returns a folder with the program of testdata/environment, which
// needs nothing else in its container.
func environmentProgram(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "environment"), "./testdata/environment")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	var out bytes.Buffer
	build.Stdout, build.Stderr = &out, &out
	require.NoError(t, build.Run(), out.String())
	return folder
}
