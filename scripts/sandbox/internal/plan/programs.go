package plan

import "strings"

// Versions of what runs; the go.mod files below images name the same.
const (
	DaggerVersion     = "v0.21.8"
	KubernetesVersion = "v1.36.3"
	SyftVersion       = "v1.57.1"
)

// Packages are those that become programs, by their module below images.
var Packages = map[string][]string{
	"node": {"./kube", "./coredns", "./pause", "./volumes", "./loadbalancer", "./networkpolicies", "github.com/traefik/traefik/v3/cmd/traefik"},
	"engine": {
		"github.com/dagger/dagger/cmd/engine", "github.com/dagger/dagger/cmd/dagger", "github.com/dagger/dagger/cmd/init",
		"github.com/dagger/dagger/cmd/dnsname", "github.com/dagger/dagger/cmd/dialstdio", "github.com/dagger/dagger/cmd/codegen",
	},
	"light": {"sigs.k8s.io/kwok/cmd/kwok", "./kubectl"},
	"syft":  {"github.com/anchore/syft/cmd/syft"},
}

// GoFlags build every program the same way, so that packages which two of them
// share are compiled once. No cgo: one kind of standard library for all. No
// debugging information: a sixth of the compiler's work, and nobody debugs these.
var GoFlags = []string{"-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-tags=dfexcludepatterns,dfparents"}

// LinkerFlags tell the programs of a module below images their versions.
func LinkerFlags(module string) string {
	flags := []string{"-s", "-w"}
	set := func(name, value string) { flags = append(flags, "-X", name+"="+value) }
	for _, version := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		set(version+".gitVersion", KubernetesVersion)
		set(version+".gitMajor", "1")
		set(version+".gitMinor", strings.Split(KubernetesVersion, ".")[1])
		set(version+".gitTreeState", "archive")
	}
	set("github.com/dagger/dagger/engine.Version", DaggerVersion)
	set("github.com/dagger/dagger/engine.Tag", DaggerVersion)
	if module == "syft" { // any program has a package of this name
		set("main.version", strings.TrimPrefix(SyftVersion, "v"))
	}
	return strings.Join(flags, " ")
}
