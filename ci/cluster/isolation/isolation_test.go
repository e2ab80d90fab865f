package isolation

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

func TestABetaMayNotTakeProductionsTraffic(t *testing.T) {
	t.Parallel()
	beside := `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api-one}
spec: {defaultBackend: {service: {name: api, port: {number: 80}}}}`
	wholeHost := `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api-one}
spec: {rules: [{host: shop.example}]}`
	openshift := func(host, path string) string {
		return fmt.Sprintf(`
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: api-one}
spec: {host: %q, path: %q}`, host, path)
	}
	demo := clustertest.Ingress("api", "", "/demo", "Prefix")
	for name, c := range map[string]struct{ live, beta, error string }{
		"a path of its own":               {demo, clustertest.Ingress("api-one", "", "/beta/one", "Prefix"), ""},
		"a path below production's":       {clustertest.Ingress("api", "", "/", "Prefix"), clustertest.Ingress("api-one", "", "/beta/one", "Prefix"), ""},
		"the same path on another host":   {clustertest.Ingress("api", "a.example", "/demo", "Prefix"), clustertest.Ingress("api-one", "b.example", "/demo", "Prefix"), ""},
		"an exact path above":             {demo, clustertest.Ingress("api-one", "", "/", "Exact"), ""},
		"a pattern of its own":            {demo, clustertest.Ingress("api-one", "", "/beta/one(/|$)(.*)", "ImplementationSpecific"), ""},
		"a host that OpenShift makes":     {demo, openshift("", ""), ""},
		"the same path":                   {demo, clustertest.Ingress("api-one", "", "/demo", "Prefix"), "*/demo covers */demo"},
		"the same path with a slash":      {demo, clustertest.Ingress("api-one", "", "/demo/", "Prefix"), "*/demo covers */demo"},
		"a path above":                    {demo, clustertest.Ingress("api-one", "", "/", "Prefix"), "*/ covers */demo"},
		"the beginning of its name":       {demo, clustertest.Ingress("api-one", "", "/de", "Prefix"), "*/de covers */demo"},
		"every path by a pattern":         {demo, clustertest.Ingress("api-one", "", "/.*", "ImplementationSpecific"), "*/"},
		"any host":                        {clustertest.Ingress("api", "a.example", "/demo", "Prefix"), clustertest.Ingress("api-one", "", "/demo", "Prefix"), "*/demo covers a.example/demo"},
		"a wildcard host":                 {clustertest.Ingress("api", "a.example", "/demo", "Prefix"), clustertest.Ingress("api-one", "*.example", "/demo", "Prefix"), "*.example/demo covers a.example/demo"},
		"a default backend":               {demo, beside, "*/ covers */demo"},
		"a host without paths":            {clustertest.Ingress("api", "shop.example", "/demo", "Prefix"), wholeHost, "shop.example/ covers shop.example/demo"},
		"an HTTPRoute":                    {clustertest.HTTPRoute("api", "[a.example]", "[{path: {type: PathPrefix, value: /demo}}]"), clustertest.HTTPRoute("api-one", "[a.example]", "[{path: {type: PathPrefix, value: /demo}}]"), "a.example/demo covers a.example/demo"},
		"an HTTPRoute without matches":    {demo, clustertest.HTTPRoute("api-one", "[]", "[]"), "*/ covers */demo"},
		"an HTTPRoute by headers only":    {demo, clustertest.HTTPRoute("api-one", "[]", "[{headers: [{name: a, value: b}]}]"), "*/ covers */demo"},
		"an HTTPRoute beside":             {demo, clustertest.HTTPRoute("api-one", "[]", "[{path: {type: PathPrefix, value: /beta/one}}]"), ""},
		"an OpenShift Route":              {openshift("a.example", ""), openshift("a.example", "/"), "a.example/ covers a.example/"},
		"production that has no such URL": {openshift("a.example", "/x"), openshift("a.example", "/y"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := conflictingRoute(clustertest.Objects(t, "shop-build", c.beta), clustertest.Objects(t, "shop", c.live))
			if c.error == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), c.error)
			require.ErrorContains(t, err, "api-one: would take traffic of ")
		})
	}
}

func TestABetaSelectsNoPodsButItsOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		object string
		alone  bool
	}{
		"a Service with the run's label":          {`{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {selector: {app: api, slipway.dev/run: one}}}`, true},
		"a Service without a selector":            {`{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {ports: [{port: 80}]}}`, true},
		"a Service without the run's label":       {`{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {selector: {app: api}}}`, false},
		"a Service with another's":                {`{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {selector: {slipway.dev/run: two}}}`, false},
		"a NetworkPolicy for all pods":            {`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: api}, spec: {podSelector: {}}}`, false},
		"a budget for all pods of an application": {`{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: api}, spec: {selector: {matchLabels: {app: api}}}}`, false},
		"a Deployment that adopts others' pods":   {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {selector: {matchLabels: {app: api}}}}`, false},
		"a Job":                                   {`{apiVersion: batch/v1, kind: Job, metadata: {name: api}, spec: {}}`, true},
	} {
		err := checkSelectors(clustertest.Objects(t, "shop-build", c.object)[0], "one")
		if c.alone {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "shop-build/api: selects pods that are not this run's: its selector lacks slipway.dev/run=one", name)
	}
}

func TestABetaSharesNoVolume(t *testing.T) {
	t.Parallel()
	pod := func(volumes string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {template: {spec: {volumes: ` + volumes + `}}}}`
	}
	claim := `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-one}}`
	for name, c := range map[string]struct{ object, error string }{
		"its own and what is only read":  {pod(`[{name: a, emptyDir: {}}, {name: b, secret: {secretName: b}}, {name: c, projected: {}}]`), ""},
		"a claim that it brings":         {pod(`[{name: a, persistentVolumeClaim: {claimName: data-one}}]`), ""},
		"a claim that it does not bring": {pod(`[{name: a, persistentVolumeClaim: {claimName: data}}]`), "volume a: PersistentVolumeClaim data is not this run's"},
		"a folder of the node":           {pod(`[{name: a, hostPath: {path: /var/lib/data}}]`), "volume a: a hostPath may be used by others, too"},
		"a file server":                  {pod(`[{name: a, nfs: {server: b, path: /}}]`), "volume a: a nfs may be used by others, too"},
		"a claim for a certain volume":   {`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {volumeName: productions}}`, "asks for PersistentVolume productions, which is not this run's"},
		"a CronJob's":                    {`{apiVersion: batch/v1, kind: CronJob, metadata: {name: api}, spec: {jobTemplate: {spec: {template: {spec: {volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]}}}}}}`, "claim data is not this run's"},
	} {
		all := clustertest.Objects(t, "shop-build", c.object, claim)
		err := checkVolumes(all[0], all)
		if c.error == "" {
			require.NoError(t, err, name)
			continue
		}
		clustertest.RequireClass(t, err, cluster.Misconfigured)
		require.Regexp(t, "(?i)"+c.error, err.Error(), name)
	}
}
