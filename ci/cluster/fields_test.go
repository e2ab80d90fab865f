package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const liveService = `
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
  uid: abc
  labels: {team: blue, slipway.dev/run: one, added-by: somebody}
spec:
  clusterIP: 10.0.0.1
  ports:
  - {name: http, port: 80, protocol: TCP, targetPort: 8080}
  - {name: admin, port: 81, protocol: TCP, targetPort: 8081}
  selector: {app: api}
  sessionAffinity: None`

const ours = `{"f:metadata":{"f:labels":{"f:team":{},"f:slipway.dev/run":{}}},
"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:targetPort":{}}},"f:selector":{}}}`

func live(t *testing.T, document, fields string) *unstructured.Unstructured {
	t.Helper()
	object := Objects(t, "shop", document)[0]
	object.SetManagedFields([]metav1.ManagedFieldsEntry{
		{Manager: "kubectl", Operation: "Update", APIVersion: "v1", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:added-by":{}}}}`)},
		{Manager: FieldManager, Operation: "Apply", APIVersion: object.GetAPIVersion(), FieldsV1: metav1.NewFieldsV1(fields)},
	})
	return object
}

func TestOwnedFieldsAreWhatWeAppliedAndNothingElse(t *testing.T) {
	t.Parallel()
	require.Equal(t, Objects(t, "shop", `
apiVersion: v1
kind: Service
metadata: {name: api, labels: {team: blue, slipway.dev/run: one}}
spec:
  ports: [{name: http, port: 80, targetPort: 8080}]
  selector: {app: api}`)[0].Object, ownedFields(live(t, liveService, ours)).Object)
}

func TestOfAnObjectOfOthersNothingIsOurs(t *testing.T) {
	t.Parallel()
	object := live(t, liveService, ours)
	object.SetManagedFields(object.GetManagedFields()[:1])
	require.Equal(t, Objects(t, "shop", `{apiVersion: v1, kind: Service, metadata: {name: api}}`)[0].Object, ownedFields(object).Object)
}

func TestAnObjectIsAsAppliedOnlyWhenAllThatIsWantedIsOursAndNoMore(t *testing.T) {
	t.Parallel()
	wanted := func(ports, labels string) *unstructured.Unstructured {
		return Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api, labels: {"+labels+"}}, spec: {selector: {app: api}, ports: ["+ports+"]}}")[0]
	}
	const http = "{name: http, port: 80, targetPort: 8080}"
	at := live(t, liveService, ours)
	require.True(t, asApplied(at, wanted(http, "team: blue, slipway.dev/run: two")), "the run's label does not count")
	require.False(t, asApplied(at, wanted(http, "team: red, slipway.dev/run: one")), "another value")
	require.False(t, asApplied(at, wanted(http, "slipway.dev/run: one")), "a field that goes")
	require.False(t, asApplied(at, wanted(http+", {name: admin, port: 81, targetPort: 8081}", "team: blue")), "a field of another's, though of the same value")
	require.False(t, asApplied(live(t, liveService, `{"f:spec":{}}`), wanted(http, "team: blue")), "fields that somebody took from us")
	at.SetDeletionTimestamp(&metav1.Time{})
	require.True(t, asApplied(at, wanted(http, "team: blue")), "a zero time is none")
}

func TestOverwrittenAreValuesThatNobodyHadSetOnPurpose(t *testing.T) {
	t.Parallel()
	object := live(t, liveService, ours)
	wanted := Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api, labels: {team: red, new: one}}, spec: {sessionAffinity: ClientIP, selector: {app: other}, ports: []}}")[0]
	require.Equal(t, Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {sessionAffinity: None}}")[0].Object, overwritten(object, wanted).Object)
	require.Nil(t, overwritten(object, Objects(t, "shop", "{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {sessionAffinity: None}}")[0]))
}
