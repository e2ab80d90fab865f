package description

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shop describes an application in the fewest words.
const shop = "name: shop\n"

func TestWhatAFileDoesNotSayIsAsByConvention(t *testing.T) {
	t.Parallel()
	app, err := Parse([]byte("name: shop\nport: 9000\nfunctional: [/tests, functional]\nproduction: [/tests, production]\npassed: ok\n"))
	require.NoError(t, err)
	require.Equal(t, "shop", app.Name)
	require.Equal(t, 9000, app.Port)
	require.Equal(t, "check", app.CheckTarget)
	require.Equal(t, []string{"kustomize/components/per-run"}, app.PerRun)
	require.Equal(t, []string{"/tests", "functional"}, app.Functional)
}

func TestADescriptionThatCannotBeIsRefusedByFieldLineAndColumn(t *testing.T) {
	t.Parallel()
	const tests = "functional: [a]\nproduction: [b]\npassed: ok\n"
	for text, want := range map[string]string{
		"name: shop\nports: 80\n" + tests:      `line 2, column 1: unknown field "ports": is it port?`,
		"name: shop\nunit_target: a\n" + tests: `line 2, column 1: unknown field "unit_target": is it unitTarget?`,
		"name: shop\n\nreplicas: 3\n" + tests:  `line 3, column 1: unknown field "replicas": known are address, betaPath, betas, `,
		"name: shop\nfunctional: a b\n":        "line 2, column 1: functional: want a list, not text",
		"name: shop\nfunctional: [a, 1]\n":     "line 2, column 17: functional[1]: want text, not a number",
		"name: shop\nname: shop\n" + tests:     `line 2: key "name" already set in map`,
		"- name: shop\n":                       "line 1, column 1: want fields, not a list",
		"name: Shop\n" + tests:                 "line 1, column 1: name: want lower case letters",
		tests:                                  "name: must be given",
		"":                                     "want fields, not nothing",
		"name: shop\nfunctional: [a]\nproduction: [b]\n": "passed: give what the output",
		"name: [\n":                        "yaml: line 1: ",
		"name: shop\nport: many\n" + tests: "line 2, column 1: port: want a whole number, not text",
		"name: shop\nport: 70000\n":        "line 2, column 1: port: ",
		"name: this-name-is-much-too-long-for-a-namespace-of-kubernetes\n" + tests:                    "name: want lower case letters",
		"name: shop\nimages:\n- name: web\n  contxt: web\n":                                           `line 4, column 3: unknown field "images[0].contxt": is it context?`,
		"name: shop\nimages: [{context: web}]\n":                                                      "line 2, column 10: images[0].name: must be given",
		"name: shop\nimages:\n- name: web\n- name: web\n":                                             "line 4, column 3: images: two are named web",
		"name: shop\nbetas: {host: beta.example.com}\n":                                               "line 2, column 9: betas.host: want {run} in it",
		"name: shop\nbetas: {path: /a, service: true}\n":                                              "line 2, column 1: betas: give one of path, host and service",
		"name: shop\nbetaPath: /a\nbetas: {path: /a}\n":                                               "line 2, column 1: betaPath: give this or betas, not both",
		"name: shop\n---\nname: other\n":                                                              "line 2: there is a second document",
		"name: shop\npassed: ok\n":                                                                    "line 2, column 1: passed: there is neither functional nor production",
		"name: shop\nevidence: {unsigned: true, identities: [{issuer: \"https://a\", subject: b}]}\n": "line 2, column 12: evidence: give unsigned, or keys and identities, not both",
		"name: shop\nevidence: {keys: []}\n":                                                          "line 2, column 12: evidence.keys: the list is empty",
		"name: shop\ndockerfile: a\nimages: [{name: web}]\n":                                          "line 2, column 1: dockerfile: give this or images, not both",
		"name: shop\nimages: [{name: 'web:1'}]\n":                                                     "line 2, column 11: images: web:1: write it without tag or digest",
		"name: shop\nimages: [{name: web, platforms: [amd64]}]\n":                                     `platform "amd64": want each once, as in linux/arm64`,
		"name: shop\nbetas: {host: '*.{run}.x'}\n":                                                    "line 2, column 9: betas.host: want a host name",
		"name: shop\nbetas: {path: /a//b}\n":                                                          "line 2, column 9: betas.path: want a path like /beta",
		"name: shop\nchecks: [{image: go, command: [a], dockerfile: b}]\n":                            "checks: an image has neither dockerfile nor args",
		"name: shop\npodSecurity: loose\n":                                                            "line 2, column 1: podSecurity: want one of restricted baseline privileged",
		"name: shop\nchecks: [{image: go}]\n":                                                         "line 2, column 10: checks: give a command with an image",
		"name: shop\nchecks: [{command: [go]}]\n":                                                     "line 2, column 10: checks: give target, or image with command",
		"name: shop\ntests:\n  functional:\n  - command: [a]\n":                                       "line 4, column 5: tests.functional: give one of passed, junit and tap",
		"name: shop\ntests: {production: [{target: a, image: b, passed: ok}]}\n":                      "tests.production: give target or image, not both",
		"name: shop\ntests: {production: [{target: a, passed: ok}]}\nfunctional: []\n":                "line 3, column 1: functional: give this or tests, not both",
		"name: shop\nevidence:\n  identities:\n  - issuer: a\n":                                       "line 4, column 5: evidence.identities: give subject or subjectRegExp",
		"name: shop\nevidence: {identities: [{issuerRegExp: '(', subject: b}]}\n":                     "evidence.identities: error parsing regexp: missing closing )",
		"name: shop\nevidence: {sigstore: {trustedRoot: a}}\n":                                        "evidence.sigstore.signingConfig: must be given",
		"name: shop\nevidence: {vulnerabilities: {severity: high}}\n":                                 "line 2, column 12: evidence.vulnerabilities: give one of database and databaseImage",
		"name: shop\nevidence:\n  vulnerabilities: {database: a, databaseImage: b}\n":                 "line 3, column 3: evidence.vulnerabilities: give one of",
		"name: shop\nevidence: {vulnerabilities: {database: a, severity: bad}}\n":                     "evidence.vulnerabilities.severity: want one of low medium high critical",
		"name: shop\nevidence: {vulnerabilities: {databse: a}}\n":                                     `unknown field "evidence.vulnerabilities.databse": is it database?`,
		"name: shop\nevidence: {sbom: none, vulnerabilities: {database: a}}\n":                        "line 2, column 12: evidence.sbom: with none there is nothing to look for vulnerabilities in",
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "\n")
	}
}

var rowOfField = regexp.MustCompile("(?m)^\\| `([\\w.]+)` \\| [^|]+ \\| `([^|]+)` \\| [^|]+ \\|$")

func TestTheDocumentationHasEveryFieldWithAnExampleThatIsTaken(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/application.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, row := range rowOfField.FindAllStringSubmatch(string(document), -1) {
		documented[row[1]] = true
		text := row[1] + ": " + row[2] + "\n"
		if dot := strings.LastIndex(row[1], "."); dot >= 0 {
			part, field := row[1][:dot], row[1][dot+1:]
			text = map[string]string{
				"images": "images: [{", "checks": "checks: [{", "tests": "tests: {functional: [{", "steps": "steps: [{", "environments": "environments: [{", "services": "services: [{", "betas": "betas: {", "address": "address: {", "overlays": "overlays: {", "evidence": "evidence: {", "evidence.vulnerabilities": "evidence: {vulnerabilities: {",
			}[part] + field + ": " + row[2] + map[string]string{
				"images": "}]", "checks": "}]", "tests": "}]}", "steps": "}]", "environments": "}]", "services": "}]", "betas": "}", "address": "}", "overlays": "}", "evidence": "}", "evidence.vulnerabilities": "}}",
			}[part] + "\n"
		}
		if row[1] != "name" {
			text = shop + text
		}
		if _, err := Parse([]byte(text)); err != nil { // alone it may not be enough, but it is known and of the right type
			require.Regexp(t, "give |(name|at): must be given|there is neither", err.Error(), text)
		}
	}
	var missing []string
	for pointer, fields := range map[string][]string{"": nil, "images": {"images", "0"}, "checks": {"checks", "0"}, "tests": {"tests", "functional", "0"}, "steps": {"steps", "0"}, "environments": {"environments", "0"}, "services": {"services", "0"}, "betas": {"betas"}, "address": {"address"}, "overlays": {"overlays"}, "evidence": {"evidence"}, "evidence.vulnerabilities": {"evidence", "vulnerabilities"}} {
		for _, field := range fieldsAt(fields) {
			if name := strings.TrimPrefix(pointer+"."+field, "."); !documented[name] {
				missing = append(missing, name)
			}
		}
	}
	require.Empty(t, missing, "docs/application.md")

	for _, example := range strings.Split(string(document), "```yaml\n")[1:] {
		example, _, _ = strings.Cut(example, "```")
		_, err := Parse([]byte(example))
		require.NoError(t, err, example)
	}
}
