// Package about is what the program says of itself: how it was made, and how whoever runs it calls it.
package about

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// Checkout is how the program is called in a checkout of its repository.
const Checkout = "go run ./ci"

// sdk is the module of the Dagger SDK, which an engine must be of the same version as.
const sdk = "dagger.io/dagger"

// About is what a program was made of. An empty field is not known.
type About struct {
	Version  string `json:"version"`            // of the module; (devel) in a checkout without tags
	Commit   string `json:"commit,omitempty"`   // whole, or the first twelve characters
	Modified bool   `json:"modified,omitempty"` // the checkout had changes that no commit has
	Sum      string `json:"sum,omitempty"`      // of the module, as in a go.sum, where it was made of that
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Dagger   string `json:"dagger"` // version of the SDK
}

// ofCommit finds the commit in the version that Go gives to one without a tag.
var ofCommit = regexp.MustCompile(`-(?:0\.)?\d{14}-([0-9a-f]{12})(?:\+|$)`)

// Of reads what Go's linker has left in the program.
func Of(info *debug.BuildInfo) About {
	a := About{Version: info.Main.Version, Sum: info.Main.Sum, Go: info.GoVersion, Platform: runtime.GOOS + "/" + runtime.GOARCH}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			a.Commit = setting.Value
		case "vcs.modified":
			a.Modified = setting.Value == "true"
		}
	}
	if found := ofCommit.FindStringSubmatch(a.Version); a.Commit == "" && found != nil {
		a.Commit = found[1]
	}
	for _, module := range info.Deps {
		if module.Path != sdk {
			continue
		}
		if module.Replace != nil {
			module = module.Replace
		}
		a.Dagger = module.Version
	}
	return a
}

// String is for people.
func (a About) String() string {
	commit := a.Commit
	if a.Modified {
		commit += ", changed"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "slipway %s\n", a.Version)
	for _, line := range [][2]string{{"commit", commit}, {"sum", a.Sum}, {"go", a.Go + " " + a.Platform}, {"dagger", a.Dagger}} {
		if line[1] != "" {
			fmt.Fprintf(&out, "%-7s %s\n", line[0], line[1])
		}
	}
	return out.String()
}

// Program is how whoever runs this program calls it, for what tells him to do so again.
func Program() string {
	info, _ := debug.ReadBuildInfo()
	return Called(os.Args[0], info)
}

// Called is how the program was called, by the path of its file: one that was installed, by its name; one that go run
// made of the module, by that; else in a checkout.
func Called(path string, info *debug.BuildInfo) string {
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	switch {
	case name == "slipway":
		return name
	case info == nil || info.Main.Sum == "":
		return Checkout
	case strings.Contains(filepath.ToSlash(path), "/go-build"):
		return "go run " + info.Path + "@" + info.Main.Version
	}
	return name
}
