package description

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// Schema is the JSON Schema of File; scripts/schema makes it of the types.
//
//go:embed schema.json
var Schema []byte

// platforms are named as in OCI's indexes.
var platforms = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$`)

// conventions are what an application has unless its file says otherwise.
var conventions = Application{
	Dockerfile: "Dockerfile", CheckTarget: "check", UnitTarget: "unit", TestTarget: "test",
	Overlays:   Overlays{Beta: "kustomize/overlays/beta", Production: "kustomize/overlays/production"},
	Evidence:   Evidence{SBOM: "anchore/syft:v1.57.1"},
	Namespaces: "kustomize/namespaces", PerRun: []string{"kustomize/components/per-run"},
}

// conventionalVulnerabilities are those of an application that asks for the gate.
var conventionalVulnerabilities = Vulnerabilities{Image: "anchore/grype:v0.121.2", Severity: "high"}

// compiled is the schema, compiled once.
var compiled = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(SchemaURL, document); err != nil {
		panic(err)
	}
	return compiler.MustCompile(SchemaURL)
})

// Parse reads what an application's file says, beside what is by convention. Errors are
// one line and name the field, its line and its column.
func Parse(content []byte) (Application, error) {
	app := conventions
	app.PerRun = slices.Clone(app.PerRun) // a list is read into the one that is there
	at, err := locate(content)
	if err != nil {
		return app, err
	}
	converted, err := yaml.YAMLToJSONStrict(content)
	if err != nil {
		return app, errors.New(strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")), " "))
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		return app, err
	}
	if invalid := (*jsonschema.ValidationError)(nil); errors.As(compiled().Validate(document), &invalid) {
		return app, at.explain(invalid)
	}
	if err := yaml.Unmarshal(content, &app); err != nil {
		return app, err
	}
	return app, app.check(at)
}

// Read parses the file in an application's folder. The error names the file; it is fs.ErrNotExist where there is none.
func Read(tree fs.FS, folder string) (Application, error) {
	name := path.Join(folder, File)
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return Application{}, err
	}
	app, err := Parse(content)
	if err != nil {
		return app, fmt.Errorf("%s: %w", name, err)
	}
	return app, nil
}

// check finds what contradicts itself.
func (a Application) check(at positions) error {
	for _, both := range []struct{ long, short string }{
		{"images", "dockerfile"}, {"checks", "checkTarget"}, {"checks", "unitTarget"}, {"betas", "betaPath"},
		{"tests", "functional"}, {"tests", "production"}, {"tests", "passed"}, {"tests", "testTarget"},
	} {
		if at.has(both.long) && at.has(both.short) {
			return at.error("/"+both.short, "%s: give this or %s, not both", both.short, both.long)
		}
	}
	if a.Passed == "" && len(a.Functional)+len(a.Production) > 0 {
		return errors.New("passed: give what the output of tests that really ran contains")
	}
	if a.Passed != "" && len(a.Functional)+len(a.Production) == 0 {
		return at.error("/passed", "passed: there is neither functional nor production, whose output it would be in")
	}
	if host := strings.NewReplacer("{run}", "run", "{host}", "shop.example").Replace(a.Betas.Host); host != "" && len(validation.IsDNS1123Subdomain(host)) > 0 {
		return at.error("/betas/host", "betas.host: want a host name, with {run} and perhaps {host} in it: lower case letters, digits, dashes and dots")
	}
	if given := count(a.Betas.Path != "", a.Betas.Host != "", a.Betas.Service); at.has("betas") && given != 1 && (given > 0 || !at.has("betas/removeImage")) {
		return at.error("/betas", "betas: give one of path, host and service")
	}
	if a.Evidence.Unsigned && at.has("evidence") && len(a.Evidence.Keys)+len(a.Evidence.Identities) > 0 {
		return at.error("/evidence/unsigned", "evidence: give unsigned, or keys and identities, not both: what nobody need sign, anybody can say")
	}
	for _, list := range []string{"keys", "identities"} {
		if at.has("evidence/"+list) && map[string]int{"keys": len(a.Evidence.Keys), "identities": len(a.Evidence.Identities)}[list] == 0 {
			return at.error("/evidence/"+list, "evidence.%s: the list is empty, so that nobody would count: leave it out for who signs the run, or name somebody", list)
		}
	}
	if age := a.Evidence.MaxAge; age != "" && a.Evidence.Age() <= 0 {
		return at.error("/evidence/maxAge", "evidence.maxAge: %s: want days or hours, as in 90d or 36h", age)
	}
	if known := a.Evidence.Vulnerabilities; known != nil && (known.Database == "") == (known.DatabaseImage == "") {
		return at.error("/evidence/vulnerabilities", "evidence.vulnerabilities: give one of database and databaseImage")
	}
	if a.Evidence.Vulnerabilities != nil && a.Evidence.SBOM == NoSBOM {
		return at.error("/evidence/sbom", "evidence.sbom: with none there is nothing to look for vulnerabilities in: leave out this or evidence.vulnerabilities")
	}
	names := map[string]bool{}
	for i, image := range a.Images {
		if names[image.Name] {
			return at.error(fmt.Sprintf("/images/%d/name", i), "images: two are named %s", image.Name)
		}
		names[image.Name] = true
		if colon := strings.LastIndexAny(image.Name, ":@"); colon > strings.LastIndex(image.Name, "/") {
			return at.error(fmt.Sprintf("/images/%d/name", i), "images: %s: write it without tag or digest", image.Name)
		}
		for j, platform := range image.Platforms {
			if !platforms.MatchString(platform) || slices.Contains(image.Platforms[:j], platform) {
				return at.error(fmt.Sprintf("/images/%d/platforms/%d", i, j), "images: %s: platform %q: want each once, as in linux/arm64", image.Name, platform)
			}
		}
	}
	for i, check := range a.Checks {
		err := oneOf(check.Target, check.Image, check.Command)
		if err == nil {
			err = apart(check.Build, check.Image)
		}
		if err != nil {
			return at.error(fmt.Sprintf("/checks/%d", i), "checks: %w", err)
		}
	}
	for i, identity := range a.Evidence.Identities {
		if err := identity.check(); err != nil {
			return at.error(fmt.Sprintf("/evidence/identities/%d", i), "evidence.identities: %w", err)
		}
	}
	return cmp.Or(at.checkSuites("functional", a.Tests.Functional), at.checkSuites("production", a.Tests.Production), at.checkSteps(a.Steps), at.checkEnvironments(a), at.checkStepsOf(a))
}

func (p positions) checkSuites(stage string, suites []Suite) error {
	for i, suite := range suites {
		where := path.Join("/tests", stage, fmt.Sprint(i))
		if suite.Image != "" && suite.Target != "" {
			return p.error(where, "tests.%s: give target or image, not both", stage)
		}
		if err := apart(suite.Build, suite.Image); err != nil {
			return p.error(where, "tests.%s: %w", stage, err)
		}
		if count(suite.Passed != "", suite.JUnit != "", suite.TAP) != 1 {
			return p.error(where, "tests.%s: give one of passed, junit and tap: what proves that tests ran", stage)
		}
	}
	return nil
}

// check finds an identity that stands for anybody, or for nobody.
func (i Identity) check() error {
	switch {
	case (i.Issuer == "") == (i.IssuerRegExp == ""):
		return errors.New("give issuer or issuerRegExp")
	case (i.Subject == "") == (i.SubjectRegExp == ""):
		return errors.New("give subject or subjectRegExp")
	}
	for _, expression := range []string{i.IssuerRegExp, i.SubjectRegExp} {
		if _, err := regexp.Compile(expression); err != nil {
			return err
		}
	}
	return nil
}

// oneOf is about what a check is made of.
func oneOf(target, image string, command []string) error {
	switch {
	case (target == "") == (image == ""):
		return errors.New("give target, or image with command")
	case (image == "") != (len(command) == 0):
		return errors.New("give a command with an image, and none with a target")
	}
	return nil
}

// apart refuses fields of a Dockerfile beside a published image.
func apart(build Build, image string) error {
	if image != "" && (build.Dockerfile != "" || len(build.Args) > 0) {
		return errors.New("an image has neither dockerfile nor args: it is published")
	}
	return nil
}

func count(conditions ...bool) (met int) {
	for _, condition := range conditions {
		if condition {
			met++
		}
	}
	return met
}
