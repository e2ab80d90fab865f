package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

func podOf(name string, isReady bool) *corev1.Pod {
	status := corev1.ConditionFalse
	if isReady {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}},
	}
}

func TestDeploymentIsDoneOnlyWhenNothingIsLacking(t *testing.T) {
	t.Parallel()
	type state struct {
		d            *appsv1.Deployment
		newest       *appsv1.ReplicaSet
		current, old []*corev1.Pod
	}
	for name, test := range map[string]struct {
		change func(*state)
		lacks  string
	}{
		"all is there":            {func(*state) {}, ""},
		"replicas unset mean one": {func(s *state) { s.d.Spec.Replicas = nil; s.newest.Status.AvailableReplicas = 1 }, ""},
		"scaled to nothing": {func(s *state) {
			s.d.Spec.Replicas = ptr.To[int32](0)
			s.newest.Status.AvailableReplicas = 0
			s.current = nil
		}, ""},
		"spec not observed":              {func(s *state) { s.d.Generation++ }, "its new spec is not observed yet"},
		"no ReplicaSet":                  {func(s *state) { s.newest = nil }, "no ReplicaSet of the new spec"},
		"newest ReplicaSet not seen":     {func(s *state) { s.d.Annotations[RevisionAnnotation] = "3" }, "no ReplicaSet of the new spec"},
		"too few updated":                {func(s *state) { s.d.Status.UpdatedReplicas = 1 }, "1 of 2 replicas updated"},
		"old replicas":                   {func(s *state) { s.d.Status.Replicas = 3 }, "1 old replicas not removed"},
		"too few available":              {func(s *state) { s.d.Status.AvailableReplicas = 0 }, "0 of 2 replicas available"},
		"old ones count as available":    {func(s *state) { s.newest.Status.AvailableReplicas = 1 }, "1 of 2 replicas available in ReplicaSet api-2"},
		"old pod lingers":                {func(s *state) { s.old = []*corev1.Pod{podOf("api-1-x", true)} }, "1 old pods still there: api-1-x"},
		"server counts terminating pods": {func(s *state) { s.d.Status.TerminatingReplicas = ptr.To[int32](1) }, "1 pods terminating"},
		"status ahead of the pods":       {func(s *state) { s.current = s.current[:1] }, "1 of 2 pods ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			revision := map[string]string{RevisionAnnotation: "2"}
			s := &state{
				d: &appsv1.Deployment{
					ObjectMeta: metav1.ObjectMeta{Generation: 5, Annotations: map[string]string{RevisionAnnotation: "2"}},
					Spec:       appsv1.DeploymentSpec{Replicas: ptr.To[int32](2)},
					Status:     appsv1.DeploymentStatus{ObservedGeneration: 5, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2},
				},
				newest:  &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "api-2", Annotations: revision}, Status: appsv1.ReplicaSetStatus{AvailableReplicas: 2}},
				current: []*corev1.Pod{podOf("a", true), podOf("b", true)},
			}
			test.change(s)
			require.Equal(t, test.lacks, deploymentLacks(s.d, rollout{newest: s.newest, current: s.current, old: s.old}))
		})
	}
}

func TestStatefulSetIsDoneOnlyWhenItsUpdateIsConcluded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*appsv1.StatefulSet)
		lacks  string
	}{
		"all is there":      {func(*appsv1.StatefulSet) {}, ""},
		"spec not observed": {func(s *appsv1.StatefulSet) { s.Generation++ }, "its new spec is not observed yet"},
		"too many replicas": {func(s *appsv1.StatefulSet) { s.Status.Replicas = 2 }, "2 replicas where 1 are wanted"},
		"not updated":       {func(s *appsv1.StatefulSet) { s.Status.UpdatedReplicas = 0 }, "0 of 1 replicas updated"},
		"not ready":         {func(s *appsv1.StatefulSet) { s.Status.ReadyReplicas = 0 }, "0 of 1 replicas available"},
		"revisions differ":  {func(s *appsv1.StatefulSet) { s.Status.UpdateRevision = "2" }, "its update is not concluded"},
		"OnDelete is not ours": {func(s *appsv1.StatefulSet) {
			s.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
			s.Status.UpdateRevision = "2"
		}, ""},
		"partition is held back": {func(s *appsv1.StatefulSet) {
			s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](1)}
			s.Status.UpdatedReplicas, s.Status.UpdateRevision = 0, "2"
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Generation: 1}, Status: appsv1.StatefulSetStatus{
				ObservedGeneration: 1, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1, CurrentRevision: "1", UpdateRevision: "1"}}
			test.change(set)
			require.Equal(t, test.lacks, statefulSetLacks(set, []*corev1.Pod{podOf("a", true)}))
		})
	}
}

func TestOtherKindsAreDoneByTheirStatus(t *testing.T) {
	t.Parallel()
	require.Empty(t, daemonSetLacks(&appsv1.DaemonSet{}), "no node wants a pod")
	require.Equal(t, "1 of 2 pods updated", daemonSetLacks(&appsv1.DaemonSet{Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 2, UpdatedNumberScheduled: 1}}))
	require.Equal(t, "1 of 2 pods available", daemonSetLacks(&appsv1.DaemonSet{Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 2, UpdatedNumberScheduled: 2, NumberAvailable: 1}}))
	require.Equal(t, "0 of 1 completions", jobLacks(&batchv1.Job{}))
	require.Empty(t, jobLacks(&batchv1.Job{Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}}}))
	require.Equal(t, "not ready, phase Running", podLacks(podOf("a", false)))
	require.Empty(t, podLacks(&corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodSucceeded}}))
	require.Equal(t, "not bound to a volume", claimLacks(&corev1.PersistentVolumeClaim{}, false))
	require.Empty(t, claimLacks(&corev1.PersistentVolumeClaim{}, true))
}

func TestPinnedContainersMustRunTheirDigest(t *testing.T) {
	t.Parallel()
	pod := podOf("api", true)
	pod.Spec.Containers = []corev1.Container{{Name: "api", Image: "registry.example/app@sha256:aa"}, {Name: "side", Image: "registry.example/side:1"}}
	require.Contains(t, digestsLack([]*corev1.Pod{pod}), "not sha256:aa", "nothing runs yet")
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "api", ImageID: "registry.example/app@sha256:bb"}}
	require.Contains(t, digestsLack([]*corev1.Pod{pod}), "not sha256:aa")
	pod.Status.ContainerStatuses[0].ImageID = "registry.example/app@sha256:aa"
	require.Empty(t, digestsLack([]*corev1.Pod{pod}))

	pod.OwnerReferences = []metav1.OwnerReference{{Controller: new(true), Name: "api"}}
	pod.Status.ContainerStatuses[0].ImageID = "registry.example/mirror@sha256:bb"
	require.Empty(t, digestsLack([]*corev1.Pod{pod}), "the same content, first seen under another digest")
	pod.Status.ContainerStatuses[0].ImageID = ""
	require.Contains(t, digestsLack([]*corev1.Pod{pod}), "not sha256:aa", "nothing runs yet")
}

func TestServicesMustLeadToAllNewPodsAndToNoOther(t *testing.T) {
	t.Parallel()
	current, old := podOf("new", true), podOf("old", true)
	known := map[types.UID]bool{"new": true, "old": true}
	slice := func(pods ...string) []*discoveryv1.EndpointSlice {
		out := &discoveryv1.EndpointSlice{}
		for _, pod := range pods {
			out.Endpoints = append(out.Endpoints, discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: pod, UID: types.UID(pod)}})
		}
		return []*discoveryv1.EndpointSlice{out}
	}
	lacks := func(slices []*discoveryv1.EndpointSlice) string {
		return endpointsLack("api", slices, []*corev1.Pod{current}, []*corev1.Pod{old}, known)
	}
	require.Empty(t, lacks(slice("new")))
	require.Equal(t, "Service api does not lead to pod new yet", lacks(nil))
	require.Equal(t, "Service api still leads to old pod old", lacks(slice("new", "old")))
	require.Equal(t, "Service api still leads to old pod gone", lacks(slice("new", "gone")))
	waiting := slice("new")
	waiting[0].Endpoints[0].Conditions.Ready = ptr.To(false)
	require.Equal(t, "Service api does not lead to pod new yet", lacks(waiting))
}
