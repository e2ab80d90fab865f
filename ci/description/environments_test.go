package description

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestEnvironmentsThatCannotBeAreRefusedByLineAndColumn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"environments: [{name: Staging}]":                                                                                                       "line 2, column 17: environments[0].name: want lower case letters, digits and dashes, at most 30, the first a letter",
		"environments: [{name: a}, {name: a}]":                                                                                                  "line 2, column 28: environments: two are named a",
		"environments: [{name: deploy}]":                                                                                                        "environments: deploy: a stage of the pipeline has this name",
		"environments: [{name: a, namespace: kube-system}]":                                                                                     "line 2, column 16: environments: a: namespace kube-system is Kubernetes' own",
		"environments: [{name: a, namespace: mail-build}]":                                                                                      "environments: a: namespace mail-build is called as those of betas are",
		"environments: [{name: build-build}]":                                                                                                   "environments: build-build: namespace shop-build-build is called as those of betas are",
		"environments: [{name: a, namespace: b}, {name: c, namespace: b}]":                                                                      "line 2, column 41: environments: c: namespace b is that of a, too: give it another or, in another cluster, each a context",
		"environments: [{name: a}, {name: b, namespace: shop-a}]":                                                                               "environments: b: namespace shop-a is that of a, too",
		"environments: [{name: a, address: shop.example.com}]":                                                                                  "environments[0].address: want scheme and host, as in https://shop.example.com",
		"environments: [{name: a}]\naddress: {production: 'https://a.b'}":                                                                       "line 3, column 11: address.production: each of the environments has its own address",
		"environments: [{name: a}]\noverlays: {production: b}":                                                                                  "line 3, column 12: overlays.production: each of the environments has its own overlay",
		"environments: [{name: a}]\nsteps: [{name: verify, at: after deploy, target: b}]":                                                       "line 3, column 10: steps: verify: a stage of environment a is called verify-a, too",
		"environments: [{name: a}]\nsteps: [{name: rollback-a, at: always, target: b}]":                                                         "steps: rollback-a: a stage of environment a is called rollback-a, too",
		"environments: [{name: a}]\nsteps: [{name: load-a, at: always, target: b}, {name: load, at: after deploy, target: b}]":                  "line 3, column 49: steps: load: step load-a is called load-a, too",
		"environments: [{name: a}, {name: bb-a}]\nsteps: [{name: ss-bb, at: after deploy, target: b}, {name: ss, at: after deploy, target: b}]": "steps: ss: step ss-bb is called ss-bb-a, too",
		"environments: [{name: a}]\nsteps: [{name: load, at: after deploy, target: b, environments: [c]}]":                                      "steps: load: environment c is not described: there is a",
		"environments: [{name: a}]\nsteps: [{name: load, at: always, target: b, environments: [a]}]":                                            "steps: load: always is outside of all environments: leave this out",
		"steps: [{name: load, at: after deploy, target: b, environments: [a]}]":                                                                 "steps: load: environment a is not described: there is none",
	} {
		_, err := Parse([]byte("name: shop\n" + text + "\n"))
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestAnEnvironmentHasByConventionANamespaceAndAnOverlay(t *testing.T) {
	t.Parallel()
	app, err := Parse([]byte("name: shop\nenvironments: [{name: a}, {name: b, context: c, namespace: shop-a, overlay: deploy/b}]\nsteps: [{name: load, at: after deploy, image: b, command: [c], environments: [b]}]\n"))
	require.NoError(t, err, "the same namespace of another cluster is another one")
	app, err = app.Resolve(fstest.MapFS{"apps/shop/Dockerfile": {Data: []byte("FROM scratch\n")}}, "apps/shop")
	require.NoError(t, err)
	require.Equal(t, []Environment{{Name: "a", Namespace: "shop-a", Overlay: "apps/shop/kustomize/overlays/a"}, {Name: "b", Context: "c", Namespace: "shop-a", Overlay: "apps/shop/deploy/b"}}, app.Environments)
	require.False(t, app.Steps[0].In("a"))
	require.True(t, app.Steps[0].In("b"))
}
