package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/slipway-cd/slipway/ci/description"
)

// SuiteDigest is a digest of all that a suite's result depends on but what it tests: the files
// of its image, how that is run, and what counts as a proof that tests ran.
func (b Builder) SuiteDigest(ctx context.Context, suite description.Suite) (string, error) {
	image := b.Suite(suite)
	files, err := image.Rootfs().Digest(ctx)
	if err != nil {
		return "", err
	}
	ran := struct {
		Files, Workdir, User      string
		Environment               map[string]string
		Entrypoint, Args, Command []string
		Passed, JUnit             string
		TAP                       bool
	}{Files: files, Environment: map[string]string{}, Command: suite.Command, Passed: suite.Passed, JUnit: suite.JUnit, TAP: suite.TAP}
	for into, ask := range map[*string]func(context.Context) (string, error){&ran.Workdir: image.Workdir, &ran.User: image.User} {
		if *into, err = ask(ctx); err != nil {
			return "", err
		}
	}
	for into, ask := range map[*[]string]func(context.Context) ([]string, error){&ran.Entrypoint: image.Entrypoint, &ran.Args: image.DefaultArgs} {
		if *into, err = ask(ctx); err != nil {
			return "", err
		}
	}
	variables, err := image.EnvVariables(ctx)
	if err != nil {
		return "", err
	}
	for i := range variables {
		name, err := variables[i].Name(ctx)
		if err != nil {
			return "", err
		}
		if ran.Environment[name], err = variables[i].Value(ctx); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(ran)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
