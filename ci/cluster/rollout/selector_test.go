package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

const (
	web      = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {metadata: {labels: {app: web}}}}}`
	nightly  = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: nightly}}}}}}}`
	database = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: database}, spec: {template: {metadata: {labels: {app: database}}}}}`
	custom   = `{apiVersion: shop.example/v1, kind: Queue, metadata: {name: queue}}`
)

func serviceFor(selector string) string {
	return `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: ` + selector + `}`
}

func TestAServiceThatNoPodOfTheObjectsCanMatchIsRefused(t *testing.T) {
	t.Parallel()
	wrong := serviceFor(`{selector: {app: shop, run: "42"}}`)
	err := clustertest.RequireClass(t, CheckServices(clustertest.Objects(t, "shop", wrong, web, nightly), ""), cluster.Misconfigured)
	require.EqualError(t, err, "Service shop/web: no pod of the overlay matches its selector app=shop,run=42: "+
		"Deployment web has app=web, CronJob nightly has app=nightly; correct its selector, or the labels of the pod template")
	require.Error(t, CheckServices(clustertest.Objects(t, "shop", wrong, web), "web"))
	require.NoError(t, CheckServices(clustertest.Objects(t, "shop", wrong, web), "api"), "another was asked for")
}

func TestAServiceIsNotRefusedWhereItsPodsMayStillCome(t *testing.T) {
	t.Parallel()
	for name, documents := range map[string][]string{
		"a template matches":                {serviceFor(`{selector: {app: web}}`), web, nightly},
		"a pod matches":                     {serviceFor(`{selector: {app: a}}`), web, `{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}}`},
		"the application sets the label":    {serviceFor(`{selector: {app: database, role: leader}}`), web, database},
		"a controller sets the label":       {serviceFor(`{selector: {statefulset.kubernetes.io/pod-name: database-0}}`), database},
		"an operator makes the pods":        {serviceFor(`{selector: {app: queue}}`), web, custom},
		"it has no selector":                {serviceFor(`{ports: [{port: 80}]}`), web},
		"it is a name elsewhere":            {serviceFor(`{type: ExternalName, externalName: shop.example, selector: {app: a}}`), web},
		"nothing among the objects has any": {serviceFor(`{selector: {app: web}}`)},
	} {
		require.NoError(t, CheckServices(clustertest.Objects(t, "shop", documents...), ""), name)
	}
}

func TestOnlyAServiceWithoutATemplateIsWatchedTogetherWithPods(t *testing.T) {
	t.Parallel()
	for selector, watched := range map[string]bool{
		"{selector: {app: web}}": false,
		"{selector: {app: database, statefulset.kubernetes.io/pod-name: database-0}}": false,
		"{selector: {app: database, role: leader}}":                                   true,
		"{selector: {app: shop}}":                                                     true,
		"{ports: [{port: 80}]}":                                                       false,
		"{type: ExternalName, externalName: shop.example}":                            false,
	} {
		objects := clustertest.Objects(t, "shop", serviceFor(selector), web, database)
		require.Equal(t, watched, selecting(nil, objects[0], templatesOf(objects)) != nil, selector)
	}
}
