package build

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
)

// goSDK writes the image in which the engine compiles and runs modules written in
// Go to folder, as the OCI layout that it expects, and returns the digest that it
// knows it by. It is the stand-in for golang with codegen added: the layers come
// out of the registry as they were compressed for it.
func (b *Build) goSDK(ctx context.Context, d *docker.Docker, folder string) (digest string, err error) {
	err = b.withRegistry(ctx, d, b.Plan.Image("registry"), func(address string) error {
		from, err := name.ParseReference(address+"/library/golang:1.26", name.Insecure)
		if err != nil {
			return err
		}
		golang, err := remote.Image(from, remote.WithContext(ctx))
		if err != nil {
			return fmt.Errorf("read golang from the registry: %w", err)
		}
		image, err := b.withCodegen(golang)
		if err != nil {
			return err
		}
		content, err := layout.Write(folder, empty.Index)
		if err != nil {
			return err
		}
		if err := content.AppendImage(image); err != nil {
			return err
		}
		hash, err := image.Digest()
		digest = hash.String()
		return err
	})
	return digest, err
}

// withCodegen adds the program that writes a module's client, and what go needs
// where no checksum database knows what the proxy serves.
func (b *Build) withCodegen(golang v1.Image) (v1.Image, error) {
	layer, err := layerOf(map[string]string{
		"usr/local/bin/codegen":      filepath.Join(b.Images, "engine", "codegen.sh"),
		"usr/local/bin/codegen-real": filepath.Join(b.Programs("engine"), "codegen"),
	}, "go/pkg/mod/", "root/.cache/go-build/") // where the engine mounts its caches
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(golang, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := file.Config
	config.Env = append(config.Env, "GOFLAGS=-mod=mod", "GONOSUMDB=*", "DAGGER_LIB_VERSION="+plan.DaggerVersion)
	if image, err = mutate.Config(image, config); err != nil {
		return nil, err
	}
	return mutate.ConfigMediaType(mutate.MediaType(image, types.OCIManifestSchema1), types.OCIConfigJSON), nil
}

// layerOf packs programs, path in the image to file on this host, and empty folders.
func layerOf(programs map[string]string, folders ...string) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, folder := range folders {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755}); err != nil {
			return nil, err
		}
	}
	for path, from := range programs {
		program, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: path, Mode: 0o755, Size: int64(len(program))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(program); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
}
