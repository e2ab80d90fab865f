package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Debian packages of the three containers, and of the PostgreSQL stand-in.
const (
	debian           = "trixie"
	rootPackages     = "ca-certificates,conntrack,containerd,containernetworking-plugins,curl,dnsmasq-base,docker-registry,gcc,git,iproute2,iptables,kmod,libc6-dev,mount,nftables,openssh-client,openssl,pigz,procps,runc,tini,util-linux,xz-utils"
	postgresPackages = "postgresql-17,tini"
)

// build makes the images where no public registry answers. Each part is kept
// under a name that holds the hash of all that it is made from.
type build struct {
	s        *Sandbox
	nodeKey  string // of the programs of each
	engKey   string
	rootKey  string
	pgKey    string
	imageKey string // of the three images together
}

// planBuild computes the keys; it reads this clone and starts nothing.
func (s *Sandbox) planBuild() (*build, error) {
	tool := runtime.Version() + runtime.GOARCH + strings.Join(goFlags, " ")
	folder := func(names ...string) (string, error) {
		sum := sha256.New()
		for _, name := range names {
			err := filepath.WalkDir(filepath.Join(s.images, name), func(path string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				fmt.Fprintf(sum, "%s %d\n%s", strings.TrimPrefix(path, s.images), len(text), text)
				return err
			})
			if err != nil {
				return "", err
			}
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	node, err := folder("node/go.mod", "node/go.sum", "node/kube", "node/coredns", "node/pause", "node/volumes", "node/stand-ins", "node/copies.sh")
	if err != nil {
		return nil, err
	}
	engine, err := folder("engine/go.mod", "engine/go.sum", "engine/stand-ins", "engine/copies.sh")
	if err != nil {
		return nil, err
	}
	all, err := folder(".")
	if err != nil {
		return nil, err
	}
	return &build{
		s:       s,
		nodeKey: short(node, tool), engKey: short(engine, tool),
		rootKey: short(debian, rootPackages), pgKey: short(debian, postgresPackages),
		imageKey: short(all, tool, debian, rootPackages, postgresPackages),
	}, nil
}

func short(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])[:12]
}

func (b *build) image(name string) string { return "slipway-sandbox/" + name + ":" + b.imageKey }

func (b *build) cli() string { return filepath.Join(b.s.cache, "engine-"+b.engKey, "dagger") }

func (b *build) ready(ctx context.Context, d *docker) bool {
	_, err := os.Stat(b.cli())
	return err == nil && d.hasImage(ctx, b.image("engine")) && d.hasImage(ctx, b.image("node")) && d.hasImage(ctx, b.image("registry"))
}

func (b *build) flavour() (*flavour, error) {
	toml, err := b.s.engineToml(true)
	if err != nil {
		return nil, err
	}
	return &flavour{
		key: b.imageKey, engine: b.image("engine"), node: b.image("node"), registry: b.image("registry"),
		engineToml:   toml,
		nodeRun:      []string{"--volume", nodeName + ":/var"},
		kubeconfig:   "/var/lib/kubernetes/admin.conf",
		registryData: "/var/lib/registry",
		cli:          b.cli(),
	}, nil
}

// build makes what is missing: the Go programs one after the other on the one
// side, file systems and small images on the other, then the large images.
func (b *build) build(ctx context.Context, d *docker) error {
	if err := b.s.install(ctx, "mmdebstrap", "mmdebstrap"); err != nil {
		return err
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return fmt.Errorf("building the images needs mmdebstrap: %w", err)
	}
	b.s.log.total = 10
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := b.goPrograms(gctx, "node", b.nodeKey, "./kube", "./coredns", "./pause", "./volumes", "github.com/traefik/traefik/v3/cmd/traefik"); err != nil {
			return err
		}
		const dagger = "github.com/dagger/dagger/cmd/"
		return b.goPrograms(gctx, "engine", b.engKey, dagger+"engine", dagger+"dagger", dagger+"init", dagger+"dnsname", dagger+"dialstdio", dagger+"codegen")
	})
	group.Go(func() error {
		if err := b.root(gctx, d, "root", b.rootKey, rootPackages); err != nil {
			return err
		}
		if err := b.root(gctx, d, "postgres-root", b.pgKey, postgresPackages); err != nil {
			return err
		}
		for _, name := range []string{"golang", "postgres", "registry-empty"} {
			if err := b.dockerBuild(gctx, d, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for _, name := range []string{"pause", "engine", "node"} {
		if err := b.dockerBuild(ctx, d, name); err != nil {
			return err
		}
	}
	if err := b.seedRegistry(ctx, d); err != nil {
		return err
	}
	b.s.log.Costs()
	return nil
}
