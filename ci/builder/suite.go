package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"dagger.io/dagger"

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
	ran := []any{files, suite.Command, suite.Passed, suite.JUnit, suite.TAP}
	for _, ask := range []func(context.Context) (string, error){image.Workdir, image.User} {
		value, err := ask(ctx)
		if err != nil {
			return "", err
		}
		ran = append(ran, value)
	}
	for _, ask := range []func(context.Context) ([]string, error){image.Entrypoint, image.DefaultArgs} {
		values, err := ask(ctx)
		if err != nil {
			return "", err
		}
		ran = append(ran, values)
	}
	environment, err := environmentOf(ctx, image)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(append(ran, environment))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// environmentOf is the environment of what runs in a container.
func environmentOf(ctx context.Context, c *dagger.Container) (map[string]string, error) {
	variables, err := c.EnvVariables(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range variables {
		name, err := variables[i].Name(ctx)
		if err != nil {
			return nil, err
		}
		if out[name], err = variables[i].Value(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}
