// Package plan names everything that is built here by the hash of what it is made
// from. It knows the lists, flags and versions that count, and does not know how
// any of it is built.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
)

// Debian packages of the three containers, and of the PostgreSQL stand-in.
const (
	Debian           = "trixie"
	RootPackages     = "ca-certificates,conntrack,containerd,containernetworking-plugins,curl,dnsmasq-base,docker-registry,gcc,git,iproute2,iptables,kmod,libc6-dev,mount,nftables,openssh-client,openssl,pigz,procps,runc,tini,util-linux,xz-utils"
	PostgresPackages = "libnss-wrapper,postgresql-17,tini"
)

// Plan names what is built here: every key is the hash of all that the thing
// is made from, so that a change rebuilds what it concerns and nothing else.
type Plan struct {
	Programs map[string]string // module below images to the key of its programs
	Images   map[string]string // image to its key
}

// Make reads the folder images; it starts nothing.
func Make(images fs.FS) (*Plan, error) {
	h := hasher{images: images}
	compiler := compilerOf("")
	node := h.key([]string{"node/go.mod", "node/go.sum", "node/copies.sh", "node/stand-ins", "node/kube", "node/coredns", "node/pause", "node/volumes", "node/loadbalancer", "node/networkpolicies"}, compiler, strings.Join(Packages["node"], " "))
	engine := h.key([]string{"engine/go.mod", "engine/go.sum", "engine/copies.sh", "engine/stand-ins"}, compiler, strings.Join(Packages["engine"], " "))
	light := h.key([]string{"light"}, compiler, strings.Join(Packages["light"], " "))
	syft := h.key([]string{"syft/go.mod", "syft/go.sum"}, compilerOf("syft"), strings.Join(Packages["syft"], " "))
	root, postgresRoot := Short(Debian, RootPackages), Short(Debian, PostgresPackages)
	golang := h.key([]string{"golang"}, root, compiler)
	postgres := h.key([]string{"postgres"}, postgresRoot)
	// Of the node's module it takes one program that imports nothing.
	pause := h.key([]string{"pause", "node/pause"}, compiler)
	syftImage := h.key([]string{"syft"}, syft)
	empty := h.key([]string{"registry"}, root)
	p := &Plan{
		Programs: map[string]string{"node": node, "engine": engine, "light": light, "syft": syft},
		Images: map[string]string{
			"root": root, "postgres-root": postgresRoot,
			"golang": golang, "postgres": postgres, "pause": pause, "syft": syftImage, "registry-empty": empty,
			"registry": Short(empty, golang, postgres, pause, syftImage),
			"node":     h.key([]string{"node"}, root, node),
			"engine":   h.key([]string{"engine"}, root, engine, golang),
		},
	}
	return p, h.err
}

// compilerOf is all that the programs of a module are made with, beside what lies there.
func compilerOf(module string) string {
	return runtime.Version() + runtime.GOARCH + strings.Join(GoFlags, " ") + LinkerFlags(module)
}

// Image is the name of an image of ours, which holds its key.
func (p *Plan) Image(name string) string { return "slipway-sandbox/" + name + ":" + p.Images[name] }

// hasher keeps the first error, so that a list of keys reads as one.
type hasher struct {
	images fs.FS
	err    error
}

// key is the hash of files and folders below images and of what else counts.
func (h *hasher) key(names []string, more ...string) string {
	sum := sha256.New()
	for _, name := range names {
		err := fs.WalkDir(h.images, name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(h.images, path)
			fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
			return err
		})
		if err != nil && h.err == nil {
			h.err = fmt.Errorf("read what images are made from: %w", err)
		}
	}
	return Short(append(more, hex.EncodeToString(sum.Sum(nil)))...)
}

// Short is a hash that is short enough for a name.
func Short(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])[:12]
}
