package about

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func info(version, sum string, settings ...debug.BuildSetting) *debug.BuildInfo {
	return &debug.BuildInfo{
		GoVersion: "go1.26.8", Path: "github.com/slipway-cd/slipway/ci",
		Main:     debug.Module{Path: "github.com/slipway-cd/slipway", Version: version, Sum: sum},
		Deps:     []*debug.Module{{Path: "example.com/other", Version: "v9.9.9"}, {Path: "dagger.io/dagger", Version: "v0.21.8"}},
		Settings: settings,
	}
}

func TestWhatTheLinkerLeftIsRead(t *testing.T) {
	t.Parallel()
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	for name, test := range map[string]struct {
		info   *debug.BuildInfo
		commit string
	}{
		"a release":                  {info("v1.2.3", "h1:sum"), ""},
		"a checkout":                 {info("(devel)", "", commit), commit.Value},
		"a commit":                   {info("v0.0.0-20261129050243-0123456789ab", "h1:sum"), "0123456789ab"},
		"a commit after a tag":       {info("v1.2.4-0.20261129050243-0123456789ab", "h1:sum"), "0123456789ab"},
		"a checkout that is changed": {info("v1.2.4-0.20261129050243-0123456789ab+dirty", ""), "0123456789ab"},
		"a tag like a commit's hash": {info("v1.2.3-0123456789ab", "h1:sum"), ""},
	} {
		about := Of(test.info)
		require.Equal(t, test.commit, about.Commit, name)
		require.Equal(t, "v0.21.8", about.Dagger, name)
		require.Equal(t, test.info.Main.Version, about.Version, name)
	}
	changed := About{Version: "(devel)", Commit: "0123", Modified: true, Go: "go1.26.8", Platform: "linux/amd64", Dagger: "v0.21.8"}
	require.Equal(t, "slipway (devel)\ncommit  0123, changed\ngo      go1.26.8 linux/amd64\ndagger  v0.21.8\n", changed.String())
}

func TestAProgramIsCalledAsItsUserDoes(t *testing.T) {
	t.Parallel()
	devel, module := info("(devel)", ""), info("v1.2.3", "h1:sum")
	for path, test := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"/usr/local/bin/slipway":        {devel, "slipway"},
		`slipway.exe`:                   {module, "slipway"},
		"/tmp/go-build12/b001/exe/ci":   {devel, "go run ./ci"},
		"/tmp/go-build123/b001/exe/ci":  {module, "go run github.com/slipway-cd/slipway/ci@v1.2.3"},
		"/root/.cache/go-build/3f/c/ci": {module, "go run github.com/slipway-cd/slipway/ci@v1.2.3"},
		"/root/go/bin/ci":               {module, "ci"},
		"/work/ci":                      {nil, "go run ./ci"},
	} {
		require.Equal(t, test.want, Called(path, test.info), path)
	}
}
