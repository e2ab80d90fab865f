package rollout

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// endpointsLack checks that a Service leads to all of the current pods and to
// nothing that is old or gone. known holds the uids of all pods that exist.
func endpointsLack(service string, slices []*discoveryv1.EndpointSlice, current, old []*corev1.Pod, known map[types.UID]bool) string {
	stale, routed := map[types.UID]bool{}, map[types.UID]bool{}
	for _, pod := range old {
		stale[pod.UID] = true
	}
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if endpoint.TargetRef == nil || endpoint.TargetRef.Kind != "Pod" {
				continue
			}
			uid := endpoint.TargetRef.UID
			if stale[uid] || !known[uid] {
				return fmt.Sprintf("Service %s still leads to old pod %s", service, endpoint.TargetRef.Name)
			}
			routed[uid] = routed[uid] || ptr.Deref(endpoint.Conditions.Ready, true)
		}
	}
	for _, pod := range current {
		if pod.DeletionTimestamp == nil && ready(pod) && !routed[pod.UID] {
			return fmt.Sprintf("Service %s does not lead to pod %s yet", service, pod.Name)
		}
	}
	return ""
}
