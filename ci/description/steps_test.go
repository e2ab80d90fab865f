package description

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestAStepThatCannotBeIsRefusedByLineAndColumnAndNeverRepeatsASecret(t *testing.T) {
	t.Parallel()
	const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	for step, want := range map[string]string{
		"{name: scan, at: after lunch, target: scan}":                                    "line 3, column 16: steps[0].at: want one of after build before release before deploy after deploy after production always",
		"{name: scan, target: scan}":                                                     "line 3, column 3: steps[0].at: must be given",
		"{at: always, target: scan}":                                                     "line 3, column 3: steps[0].name: must be given",
		"{name: Scan, at: always, target: scan}":                                         "line 3, column 4: steps[0].name: want lower case letters, digits and dashes, 2 to 40",
		"{name: scan, at: always}":                                                       "line 3, column 3: steps: scan: give one of target, image and module",
		"{name: scan, at: always, target: a, image: b, command: [c]}":                    "line 3, column 3: steps: scan: give one of target, image and module",
		"{name: scan, at: always, image: b}":                                             "steps: scan: give a command with an image",
		"{name: scan, at: always, image: b, command: [c], args: {a: b}}":                 "steps: scan: an image has neither dockerfile nor args",
		"{name: cleanup, at: always, target: a}":                                         "line 3, column 4: steps: cleanup: a stage of the pipeline has this name",
		"{name: scan, at: always, target: a}\n- {name: scan, at: always, target: b}":     "line 4, column 4: steps: two are named scan",
		"{name: scan, at: always, target: a, secrets: {TOKEN: " + token + "}}":           "line 3, column 49: steps: scan: secrets.TOKEN: want a reference to a secret, as env://TOKEN or file://PATH, never the secret itself",
		"{name: scan, at: always, target: a, secrets: {TOKEN: 'https://" + token + "'}}": "secrets.TOKEN: want a reference to a secret",
		"{name: scan, at: always, target: a, secrets: {VERSION: env://A}}":               "secrets.VERSION: want the name of a variable, and none of VERSION, COMMIT, ",
		"{name: scan, at: always, target: a, env: {a-b: c}}":                             "line 3, column 45: steps: scan: env.a-b: want the name of a variable",
		"{name: scan, at: always, target: a, env: {A: b}, secrets: {A: env://A}}":        "steps: scan: secrets.A: env has it, too: leave out one",
		"{name: scan, at: always, target: a, files: [/tmp/../etc]}":                      "steps: scan: /tmp/../etc: want the full path of a file or folder",
		"{name: scan, at: always, target: a, files: [out]}":                              "steps: scan: out: want the full path",
		"{name: scan, at: always, target: a, files: [/a/out, /b/out]}":                   "steps: scan: /b/out: two files are called out, of which the report can keep one",
		"{name: scan, at: always, target: a, sarif: out.sarif}":                          "steps[0].sarif: want the full path of a file",
		"{name: scan, at: always, target: a, optinal: true}":                             `unknown field "steps[0].optinal": is it optional?`,
	} {
		_, err := Parse([]byte("name: shop\nsteps:\n- " + step + "\n"))
		require.ErrorContains(t, err, want, step)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), token, step)
	}
}

func TestAStepOfTheApplicationsFolderStaysInTheRepository(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"shop/Dockerfile": {Data: []byte("FROM scratch AS scan\n")}}
	resolve := func(step string) (Application, error) {
		app, err := Parse([]byte("name: shop\nsteps:\n- " + step + "\n"))
		require.NoError(t, err)
		return app.Resolve(tree, "shop")
	}
	app, err := resolve("{name: scan, at: always, target: scan}")
	require.NoError(t, err)
	require.Equal(t, "shop/Dockerfile", app.Steps[0].File())
	_, err = resolve("{name: scan, at: always, target: scna}")
	require.ErrorContains(t, err, `steps: scan: shop/Dockerfile has no stage "scna"; it has scan`)
	_, err = resolve("{name: scan, at: always, image: a, command: [b], context: ../..}")
	require.ErrorContains(t, err, "steps: scan: context ../.. lies above --source")
}
