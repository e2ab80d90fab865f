// Package description reads what an application says of itself, in its file
// .slipway.yaml or in Go, and fills in what is by convention. It knows the repository's
// files, not what the overlays render to.
package description

import (
	"strconv"
	"strings"
	"time"
)

// File holds an application's description, at the top of its folder. Fields are in camel case.
const File = ".slipway.yaml"

// Application describes what is shipped. Only Name must be given. Folders are relative to
// the application's own until Resolve has put that before them.
type Application struct {
	Name string `json:"name" jsonschema:"required,pattern=^[a-z]([a-z0-9-]{0\\,40}[a-z0-9])?$" jsonschema_description:"Names the application, its one image and, by default, the namespaces NAME and NAME-build."`

	Images []Image `json:"images,omitempty" jsonschema_description:"The images, each built from a Dockerfile; without them one, named as the application, from the file Dockerfile."`
	Checks []Check `json:"checks,omitempty" jsonschema_description:"What must pass before an image is pushed; without them the Dockerfile's stages check and unit, where it has them. An empty list is none."`
	Tests  Tests   `json:"tests,omitzero" jsonschema_description:"Tests that ask the application over the network."`
	Steps  []Step  `json:"steps,omitempty" jsonschema_description:"What else runs between the stages."`

	Environments []Environment `json:"environments,omitempty" jsonschema_description:"Where a version goes, one after the other: staging, then production; without them production alone."`

	Service     string    `json:"service,omitempty" jsonschema_description:"The Service that users reach, as the overlays name it; without it the one that an Ingress, an HTTPRoute or a Route leads to, or the only one."`
	Port        int       `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"The port of that Service; without it the one that the Ingress or its like names, or its first."`
	Services    []Service `json:"services,omitempty" jsonschema_description:"Other Services of a beta that its functional tests reach by their names."`
	Betas       Betas     `json:"betas,omitzero" jsonschema_description:"Where a beta is reached and what becomes of its image. Without it by a path where there is a component for it, else by its Service alone."`
	Address     Addresses `json:"address,omitzero" jsonschema_description:"Where users reach it, if the objects in the cluster do not say so."`
	Evidence    Evidence  `json:"evidence,omitzero" jsonschema_description:"What is known of the images and attached to them when they are released, and whose word counts for a deploy."`
	Health      string    `json:"health,omitempty" jsonschema:"pattern=^/" jsonschema_description:"The path, below the base path, that answers 2xx when the application can be used; without it the readiness probe's, the liveness probe's, or /health."`
	VersionPath string    `json:"versionPath,omitempty" jsonschema:"pattern=^/" jsonschema_description:"The path, below the base path, whose answer has the version in it: an address counts once it answers from the version just deployed."`

	Overlays    Overlays `json:"overlays,omitzero" jsonschema_description:"Where the kustomize overlays are, unless flags say otherwise."`
	Namespaces  string   `json:"namespaces,omitempty" jsonschema_description:"The folder whose folders build and production bootstrap applies; without it kustomize/namespaces, or what is built in."`
	Bootstrap   []string `json:"bootstrap,omitempty" jsonschema_description:"Kustomize components that are added when those are rendered."`
	PodSecurity string   `json:"podSecurity,omitempty" jsonschema:"enum=restricted,enum=baseline,enum=privileged" jsonschema_description:"The Pod Security level of the namespaces that bootstrap makes; without it restricted."`
	PerRun      []string `json:"perRun,omitempty" jsonschema_description:"Kustomize components that are added when a beta is rendered; without it kustomize/components/per-run, where it is there."`

	Dockerfile  string   `json:"dockerfile,omitempty" jsonschema_description:"The Dockerfile of the one image, and of checks and tests."`
	CheckTarget string   `json:"checkTarget,omitempty" jsonschema_description:"Short for a check: the stage that fails to build when static checks fail."`
	UnitTarget  string   `json:"unitTarget,omitempty" jsonschema_description:"Short for a check: the stage that fails to build when unit tests fail."`
	TestTarget  string   `json:"testTarget,omitempty" jsonschema_description:"The stage whose image holds the commands functional and production; without it test."`
	Functional  []string `json:"functional,omitempty" jsonschema_description:"Short for one suite of tests.functional: its command."`
	Production  []string `json:"production,omitempty" jsonschema_description:"Short for one suite of tests.production: its command."`
	Passed      string   `json:"passed,omitempty" jsonschema_description:"What the output of tests that really ran contains, of these two."`
	BetaPath    string   `json:"betaPath,omitempty" jsonschema:"pattern=^(/[A-Za-z0-9._~-]+)+$" jsonschema_description:"Short for betas.path."`
}

// CheckNames names what is checked before an image ships.
func (a Application) CheckNames() (names []string) {
	for _, check := range a.Checks {
		names = append(names, check.Name)
	}
	return names
}

// Build is a stage of a Dockerfile.
type Build struct {
	Context    string            `json:"context,omitempty" jsonschema_description:"The folder that is the build's context; one above, as in .., is allowed inside of the repository."`
	Dockerfile string            `json:"dockerfile,omitempty" jsonschema_description:"The Dockerfile, in the context; without it Dockerfile."`
	Target     string            `json:"target,omitempty" jsonschema_description:"The stage of the Dockerfile; without it the last."`
	Args       map[string]string `json:"args,omitempty" jsonschema_description:"Build arguments, beside VERSION and COMMIT."`
}

// Image is one image that is built, tested and released.
type Image struct {
	Name       string `json:"name" jsonschema:"required,minLength=1" jsonschema_description:"The image as the overlays write it, without a tag; the last part of its path is enough where it is the only one."`
	Repository string `json:"repository,omitempty" jsonschema_description:"Where it is pushed; without it --image, for all but the first with a dash and the last part of its name."`
	Build
	Platforms []string `json:"platforms,omitempty" jsonschema_description:"The platforms it is built for, such as linux/amd64 and linux/arm64; without them the engine's own."`
}

// Check is a stage of a Dockerfile that fails to build, or a command that fails in an image.
type Check struct {
	Name string `json:"name,omitempty" jsonschema_description:"How messages call it; without it the target or the command."`
	Build
	Image   string            `json:"image,omitempty" jsonschema_description:"A published image, instead of a stage: the command runs in it, in a copy of the context."`
	Command []string          `json:"command,omitempty" jsonschema_description:"The command."`
	Env     map[string]string `json:"env,omitempty" jsonschema_description:"Its environment."`
}

// Tests are the suites that run against a beta, and the light ones for production.
type Tests struct {
	Functional []Suite `json:"functional,omitempty" jsonschema_description:"Run against each beta."`
	Production []Suite `json:"production,omitempty" jsonschema_description:"Run where users are, after a deploy."`
}

// Suite is a command that tests the application at ADDRESS.
type Suite struct {
	Name string `json:"name,omitempty" jsonschema_description:"How messages and reports call it."`
	Build
	Image   string            `json:"image,omitempty" jsonschema_description:"A published image, instead of a stage of the Dockerfile."`
	Command []string          `json:"command,omitempty" jsonschema_description:"The command, which gets ADDRESS and VERSION; $(ADDRESS) and $(VERSION) in it are replaced. Without it the image's own."`
	Env     map[string]string `json:"env,omitempty" jsonschema_description:"Its environment."`
	Passed  string            `json:"passed,omitempty" jsonschema_description:"The proof that tests ran: what their output then contains."`
	JUnit   string            `json:"junit,omitempty" jsonschema:"pattern=^/.*[^/]$" jsonschema_description:"The proof that tests ran: the JUnit file that they leave in the container."`
	TAP     bool              `json:"tap,omitempty" jsonschema_description:"The proof that tests ran: their output is in the Test Anything Protocol."`
}

// Service is a Service of the overlays, by its name there.
type Service struct {
	Name string `json:"name" jsonschema:"required,minLength=1" jsonschema_description:"The Service, as the beta's overlay names it."`
	Port int    `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"Its port; without it the first."`
}

// Overlays are folders of kustomizations. Both may be the same.
type Overlays struct {
	Beta       string `json:"beta,omitempty" jsonschema_description:"That of betas; without it kustomize/overlays/beta."`
	Production string `json:"production,omitempty" jsonschema_description:"That of production; without it kustomize/overlays/production."`
}

// Betas says where a beta is reached from outside, by one of three, and what becomes of its image.
type Betas struct {
	Path    string `json:"path,omitempty" jsonschema:"pattern=^(/[A-Za-z0-9._~-]+)+$" jsonschema_description:"By a path of each run's own below this one: /beta is /beta/RUN. The pipeline puts it into Ingress, HTTPRoute and Route; the application must know it by a component."`
	Host    string `json:"host,omitempty" jsonschema:"pattern=\\{run\\}" jsonschema_description:"By a host of each run's own: {run}.beta.example.com; {host} stands for the host that the overlay has."`
	Service bool   `json:"service,omitempty" jsonschema_description:"By its Service alone: a beta has no address outside."`

	RemoveImage bool `json:"removeImage,omitempty" jsonschema_description:"A run that ends before its image is released removes it from the registry."`
}

// Addresses are URLs, a stage each: scheme, host and port, and, if it is not the base path that
// the overlay has, the path.
type Addresses struct {
	Functional string `json:"functional,omitempty" jsonschema:"pattern=^https?://[^/?#@]+(/[^?#]*)?$" jsonschema_description:"Of a beta; {run} in it is the run's id."`
	Production string `json:"production,omitempty" jsonschema:"pattern=^https?://[^/?#@]+(/[^?#]*)?$" jsonschema_description:"Of production."`
}

// Evidence says what is attached to images, and what a deploy asks for.
type Evidence struct {
	Keys       []string   `json:"keys,omitempty" jsonschema_description:"Files of public keys, such as cosign.pub: images count as tested when one of these signed that they are. Without them the key that signs the run, or that was kept with the release."`
	Identities []Identity `json:"identities,omitempty" jsonschema_description:"Who may sign keyless: images count as tested when one of these signed that they are. Without them, and without keys, who signs the run, or who signed the release."`
	Sigstore   Sigstore   `json:"sigstore,omitzero" jsonschema_description:"A private instance of Sigstore for keyless signatures; without it the public one."`
	Unsigned   bool       `json:"unsigned,omitempty" jsonschema_description:"Nothing is signed, and nothing needs to be: whoever may push to the registry can say that an image is tested."`
	MaxAge     string     `json:"maxAge,omitempty" jsonschema_description:"How long tests count for a deploy, in days or hours: 90d; without it for ever."`
	SBOM       string     `json:"sbom,omitempty" jsonschema:"minLength=1" jsonschema_description:"The published image of syft that lists what an image contains, or none; without it anchore/syft of the version that is tried."`

	Vulnerabilities *Vulnerabilities `json:"vulnerabilities,omitempty" jsonschema_description:"An image is not released with vulnerabilities that are known; without it nobody looks for any."`
}

// Identity is who signs keyless, as a certificate of Fulcio names it. Each of both is given as a value or as an expression.
type Identity struct {
	Issuer        string `json:"issuer,omitempty" jsonschema:"minLength=1" jsonschema_description:"Who issued the token: the issuer of the CI vendor's OpenID Connect tokens."`
	IssuerRegExp  string `json:"issuerRegExp,omitempty" jsonschema:"minLength=1" jsonschema_description:"A regular expression that matches the whole issuer."`
	Subject       string `json:"subject,omitempty" jsonschema:"minLength=1" jsonschema_description:"The alternative name in the certificate: of a CI vendor, the URL of the workflow and its ref."`
	SubjectRegExp string `json:"subjectRegExp,omitempty" jsonschema:"minLength=1" jsonschema_description:"A regular expression that matches the whole subject."`
}

// Sigstore is a private instance, by its two documents.
type Sigstore struct {
	SigningConfig string `json:"signingConfig" jsonschema:"required,minLength=1" jsonschema_description:"The file with its signing configuration: where its services are."`
	TrustedRoot   string `json:"trustedRoot" jsonschema:"required,minLength=1" jsonschema_description:"The file with its trusted root: by which keys what they have signed is known."`
}

// Vulnerabilities says with which an image is not released, and by what database they are known.
type Vulnerabilities struct {
	Image         string `json:"image,omitempty" jsonschema:"minLength=1" jsonschema_description:"The published image of grype that matches the SBOM against the database; without it anchore/grype of the version that is tried."`
	Database      string `json:"database,omitempty" jsonschema:"minLength=1" jsonschema_description:"The folder of the repository that is grype's database, as GRYPE_DB_CACHE_DIR names it."`
	DatabaseImage string `json:"databaseImage,omitempty" jsonschema:"minLength=1" jsonschema_description:"The published image whose top is that folder, instead of database."`
	Severity      string `json:"severity,omitempty" jsonschema:"enum=low,enum=medium,enum=high,enum=critical" jsonschema_description:"What is that severe, or worse, ends the run; without it high."`
	FixedOnly     bool   `json:"fixedOnly,omitempty" jsonschema_description:"What no version of the package fixes does not end the run."`
	Exceptions    string `json:"exceptions,omitempty" jsonschema:"minLength=1" jsonschema_description:"The file of the repository that lists what may be released all the same, until which day and why."`
}

// Age is MaxAge; 0 where it is not given.
func (e Evidence) Age() time.Duration {
	days, inDays := strings.CutSuffix(e.MaxAge, "d")
	hours, inHours := strings.CutSuffix(e.MaxAge, "h")
	number, err := strconv.Atoi(min(days, hours)) // the shorter one has lost its unit
	switch {
	case err != nil || number > 1e5:
		return 0
	case inDays:
		return time.Duration(number) * 24 * time.Hour
	case inHours:
		return time.Duration(number) * time.Hour
	}
	return 0
}

// NoSBOM is what Evidence.SBOM says when no image is listed.
const NoSBOM = "none"

// SchemaURL is where editors find the schema of File.
const SchemaURL = "https://raw.githubusercontent.com/slipway-cd/slipway/main/ci/description/schema.json"
