package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-cd/slipway/ci/bootstrap"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/manifest"
)

const (
	tokenLifetime = 24 * time.Hour
	tokenRenewal  = 12 * time.Hour // a run must not outlive the token it began with
)

// sandboxAccount bootstraps the sandbox's cluster where needed and returns the
// path of a kubeconfig with the rights of a namespace's service account. The file's
// name holds what it was made from, so that it is made again when that changes.
func (f *flags) sandboxAccount(ctx context.Context, at *sandbox, namespace string) (string, error) {
	objects, err := f.bootstrapObjects(ctx, "")
	if err != nil {
		return "", err
	}
	text, err := manifest.YAML(objects)
	if err != nil {
		return "", err
	}
	administrator, err := os.ReadFile(at.Kubeconfig)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(text, administrator...))
	path := filepath.Join(filepath.Dir(at.Kubeconfig), "account-"+namespace+"-"+hex.EncodeToString(sum[:8]))
	if made, err := os.Stat(path); err == nil && time.Since(made.ModTime()) < tokenRenewal {
		// Somebody may have removed the account meanwhile.
		if _, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: path, UserAgent: "slipway-bootstrap"}); err == nil {
			return path, nil
		}
	}
	admin, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: at.Kubeconfig, UserAgent: "slipway-bootstrap"})
	if err != nil {
		return "", err
	}
	if objects, _, err = bootstrap.Spare(ctx, admin, objects); err != nil {
		return "", fmt.Errorf("bootstrap the sandbox: %w", err)
	}
	if f.app.Namespaces == "" {
		if err := bootstrap.Keep(ctx, admin, objects); err != nil {
			return "", fmt.Errorf("bootstrap the sandbox: %w", err)
		}
	}
	if err := bootstrap.Install(ctx, admin, objects, apply.Options{}, f.namespaces(), io.Discard); err != nil {
		return "", fmt.Errorf("bootstrap the sandbox: %w", err)
	}
	kubeconfig, _, err := account.AccountKubeconfig(ctx, admin, namespace, tokenLifetime)
	if err != nil {
		return "", err
	}
	return path, writeSecret(path, kubeconfig)
}

// writeSecret writes a file that only its owner may read, even if others could read the
// file before. It replaces the file at once, so that nobody reads half of it.
func writeSecret(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".slipway-") // of mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
