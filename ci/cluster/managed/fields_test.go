package managed_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

func TestOwnedFieldsAreWhatWeAppliedAndNothingElse(t *testing.T) {
	t.Parallel()
	require.Equal(t, clustertest.Objects(t, "shop", `
apiVersion: v1
kind: Service
metadata: {name: api, labels: {team: blue, slipway.dev/run: one}}
spec:
  ports: [{name: http, port: 80, targetPort: 8080}]
  selector: {app: api}`)[0].Object, managed.OwnedFields(clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs)).Object)
}

func TestOfAnObjectOfOthersNothingIsOurs(t *testing.T) {
	t.Parallel()
	object := clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs)
	object.SetManagedFields(object.GetManagedFields()[:1])
	require.Equal(t, clustertest.Objects(t, "shop", `{apiVersion: v1, kind: Service, metadata: {name: api}}`)[0].Object, managed.OwnedFields(object).Object)
}

func TestAnObjectIsAsAppliedOnlyWhenAllThatIsWantedIsOursAndNoMore(t *testing.T) {
	t.Parallel()
	wanted := func(ports, labels string) *unstructured.Unstructured {
		return clustertest.Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api, labels: {"+labels+"}}, spec: {selector: {app: api}, ports: ["+ports+"]}}")[0]
	}
	const http = "{name: http, port: 80, targetPort: 8080}"
	at := clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs)
	require.True(t, managed.AsApplied(at, wanted(http, "team: blue, slipway.dev/run: two")), "the run's label does not count")
	require.False(t, managed.AsApplied(at, wanted(http, "team: red, slipway.dev/run: one")), "another value")
	require.False(t, managed.AsApplied(at, wanted(http, "slipway.dev/run: one")), "a field that goes")
	require.False(t, managed.AsApplied(at, wanted(http+", {name: admin, port: 81, targetPort: 8081}", "team: blue")), "a field of another's, though of the same value")
	require.False(t, managed.AsApplied(clustertest.Live(t, clustertest.LiveService, `{"f:spec":{}}`), wanted(http, "team: blue")), "fields that somebody took from us")
	at.SetDeletionTimestamp(&metav1.Time{})
	require.True(t, managed.AsApplied(at, wanted(http, "team: blue")), "a zero time is none")
}

func TestOverwrittenAreValuesThatNobodyHadSetOnPurpose(t *testing.T) {
	t.Parallel()
	object := clustertest.Live(t, clustertest.LiveService, clustertest.OwnedByUs)
	wanted := clustertest.Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api, labels: {team: red, new: one}}, spec: {sessionAffinity: ClientIP, selector: {app: other}, ports: []}}")[0]
	require.Equal(t, clustertest.Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {sessionAffinity: None}}")[0].Object, managed.Overwritten(object, wanted).Object)
	require.Nil(t, managed.Overwritten(object, clustertest.Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {sessionAffinity: None}}")[0]))
}
