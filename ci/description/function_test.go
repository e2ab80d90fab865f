package description

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const commit = "1f6a0bd1c9fd3be83d0ee0f3ef3e7ad9b93e1b70"

func TestAFunctionThatCannotBeIsRefusedByLineAndColumn(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{
		"module: ./a":                                                             "line 3, column 33: steps: scan: give the module's function",
		"module: ./a, function: b, target: c":                                     "line 3, column 3: steps: scan: give one of target, image and module",
		"module: ./a, function: b, image: c":                                      "give one of target, image and module",
		"target: a, function: b":                                                  "line 3, column 44: steps: scan: a function is that of a module: give module, too",
		"module: ./a, function: scan.all":                                         "line 3, column 46: steps: scan: function scan.all: want a name as dagger call has it",
		"module: github.com/a/b@main, function: c":                                "line 3, column 33: steps: scan: module github.com/a/b@main: a tag or a branch moves: end it in @ and the full commit of 40 digits; a folder of the repository begins with ./",
		"module: github.com/a/b, function: c":                                     "a tag or a branch moves",
		"module: github.com/a/b@" + commit[:12] + ", function: c":                 "a tag or a branch moves",
		"module: tools/a, function: c":                                            "a folder of the repository begins with ./",
		"module: ./a, function: b, command: [c]":                                  "line 3, column 3: steps: scan: a module's function has neither command, env nor dockerfile",
		"module: ./a, function: b, env: {A: b}":                                   "neither command, env nor dockerfile",
		"module: ./a, function: b, dockerfile: c":                                 "neither command, env nor dockerfile",
		"module: ./a, function: b, args: {c: {d: e}}":                             "line 3, column 66: steps: scan: args.c: want a text, a number, true or false, or a list of those",
		"module: ./a, function: b, args: {c: }":                                   "args.c: want a text, a number",
		"module: ./a, function: b, args: {c: [[d]]}":                              "args.c: want a list of texts, numbers or truth values",
		"module: ./a, function: b, args: {c: $(ADDRESS)}":                         "line 3, column 66: steps: scan: args.c: $(ADDRESS) is not known after build: known are VERSION, COMMIT, IMAGE, DIGEST, SOURCE, REPORT",
		"module: ./a, function: b, args: {c: [$(VERSON)]}":                        "args.c: $(VERSON) is not known",
		"module: ./a, function: b, secrets: {c-d: ghp_16C7e42F292c6912E7710c838}": "secrets.c-d: want a reference to a secret",
		"target: a, args: {LEVEL: 3}":                                             "line 3, column 51: steps: scan: args.LEVEL: want text: put it in quotes",
		"image: a, command: [b], args: {LEVEL: c}":                                "an image has neither dockerfile nor args",
	} {
		_, err := Parse([]byte("name: shop\nsteps:\n- {name: scan, at: after build, " + step + "}\n"))
		require.ErrorContains(t, err, want, step)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestAModuleIsAFolderOfTheRepositoryOrPinned(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"shop/Dockerfile": {Data: []byte("FROM scratch\n")}, "shop/scanner/dagger.json": {}, "dagger.json": {}}
	resolve := func(module string) (Step, error) {
		app, err := Parse([]byte("name: shop\nsteps:\n- {name: scan, at: always, module: \"" + module + "\", function: b, args: {c: 3, d: [$(RESULT), $(ADDRESS)]}, secrets: {a-b: env://A}}\n"))
		require.NoError(t, err)
		app, err = app.Resolve(tree, "shop")
		if err != nil {
			return Step{}, err
		}
		return app.Steps[0], nil
	}
	for module, want := range map[string]string{"./scanner": "./shop/scanner", "./scanner/": "./shop/scanner", "..": "./.", "../shop/scanner": "./shop/scanner"} {
		step, err := resolve(module)
		require.NoError(t, err, module)
		require.Equal(t, want, step.Module)
		folder, local := step.ModuleFolder()
		require.True(t, local)
		require.Equal(t, want, folder)
		require.Equal(t, "shop", step.Context, "the source is the application's")
		require.Equal(t, map[string]any{"c": 3.0, "d": []any{"$(RESULT)", "$(ADDRESS)"}}, step.Args)
	}
	for _, pinned := range []string{"github.com/acme/modules/scan@", "git@example.com:acme/modules/scan@", "https://git.example.com/modules.git/scan@"} {
		step, err := resolve(pinned + commit)
		require.NoError(t, err)
		require.Equal(t, pinned+commit, step.Module)
	}
	for module, want := range map[string]string{
		"./scan":     "steps: scan: module ./scan has no dagger.json",
		"../../scan": "steps: scan: module ../../scan lies above --source: give --source the folder above, with --application shop",
	} {
		_, err := resolve(module)
		require.ErrorContains(t, err, want)
	}
}

func TestArgumentsOfATargetAreThoseOfItsBuild(t *testing.T) {
	t.Parallel()
	app, err := Parse([]byte("name: shop\nsteps:\n- {name: scan, at: always, target: scan, args: {STRICT: \"yes\"}}\n"))
	require.NoError(t, err)
	app, err = app.Resolve(fstest.MapFS{"Dockerfile": {Data: []byte("FROM scratch AS scan\n")}}, ".")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"STRICT": "yes"}, app.Steps[0].Build.Args)
	require.Empty(t, app.Steps[0].Args)
}
