package materials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/vulnerability"
)

// resolve finds the digest of a published image, as the engine took it.
func (s Source) resolve(ctx context.Context, reference string) (evidence.Base, error) {
	found, err := s.Builder.Engine.Image(reference).ImageRef(ctx)
	if err != nil {
		return evidence.Base{}, s.Builder.Engine.Failure("the digest of "+reference, err)
	}
	_, digest, _ := strings.Cut(found, "@")
	return evidence.Base{Reference: reference, Digest: digest}, nil
}

// scanned is where the container that lists an image's contents finds them, and listed where it leaves the list.
const scanned, listed = "/image", "/sbom.json"

// contentsOf has syft list what an image contains, in CycloneDX, once it is asked for. The engine keeps the list of an image that
// it has listed before. It is what is installed that counts, not what lock files declare; as another user than root it would leave
// out silently what it may not read.
func (s Source) contentsOf(container *dagger.Container) *dagger.File {
	return s.Builder.Engine.Image(s.Builder.App.Evidence.SBOM).
		WithMountedDirectory(scanned, container.Rootfs()).
		WithEnvVariable("SYFT_CHECK_FOR_APP_UPDATE", "false").
		WithEnvVariable("SYFT_CACHE_TTL", "0").
		WithEnvVariable("SYFT_FILE_METADATA_SELECTION", "none").
		WithExec([]string{"/syft", "scan", "dir:" + scanned, "--quiet", "--override-default-catalogers", "image", "--source-name", s.Builder.App.Name, "--output", "cyclonedx-json@1.6"},
			dagger.ContainerWithExecOpts{RedirectStdout: listed}).
		File(listed)
}

// listContents returns the SBOM; nil where none is wanted.
func (s Source) listContents(ctx context.Context, list *dagger.File) ([]byte, error) {
	if s.Builder.App.Evidence.SBOM == description.NoSBOM {
		return nil, nil
	}
	text, err := list.Contents(ctx)
	if err != nil {
		failure := s.Builder.Engine.Failure("no SBOM can be made by "+s.Builder.App.Evidence.SBOM, err)
		failure.Try = "name an image of syft that the engine can pull in .slipway.yaml, as evidence.sbom; `none` makes no SBOM"
		return nil, failure
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("the SBOM that " + s.Builder.App.Evidence.SBOM + " made is no JSON")
	}
	return []byte(text), nil
}

// Where grype's container finds its database, and the SBOM.
const scanDatabase, scanList = "/database", "/sbom.json"

// scan has grype match an SBOM against the database that the application names. It needs no network: the database is as old as the
// application lets it be, and the report tells how old. The engine keeps the result for the same list and database.
func (s Source) scan(ctx context.Context, image string, list *dagger.File) (vulnerability.Scan, error) {
	given := s.Builder.App.Evidence.Vulnerabilities
	var database *dagger.Directory
	if given.Database != "" {
		database = s.Builder.Engine.Source(given.Database)
	} else {
		database = s.Builder.Engine.Image(given.DatabaseImage).Rootfs()
	}
	text, err := s.Builder.Engine.Image(given.Image).
		WithMountedDirectory(scanDatabase, database).
		WithMountedFile(scanList, list).
		WithEnvVariable("GRYPE_DB_CACHE_DIR", scanDatabase).
		WithEnvVariable("GRYPE_DB_AUTO_UPDATE", "false").
		WithEnvVariable("GRYPE_DB_VALIDATE_AGE", "false").
		WithEnvVariable("GRYPE_CHECK_FOR_APP_UPDATE", "false").
		WithExec([]string{"/grype", "sbom:" + scanList, "--output", "json"}).
		Stdout(ctx)
	if err != nil {
		failure := s.Builder.Engine.Failure("no vulnerabilities can be looked for by "+given.Image, err)
		failure.Try = "name an image of grype that the engine can pull in .slipway.yaml, as evidence.vulnerabilities.image, and a database of its schema; docs/evidence.md says how to get one"
		return vulnerability.Scan{}, failure
	}
	found, err := vulnerability.ParseGrype([]byte(text), image)
	if err != nil {
		return found, fmt.Errorf("what %s printed of image %s: %w", given.Image, image, err)
	}
	return found, nil
}
