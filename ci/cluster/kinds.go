package cluster

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/kubernetes/scheme"
)

// clusterScoped are those of Kubernetes' own kinds that are in no namespace.
var clusterScoped = []string{
	"Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass", "VolumeAttachment", "CSIDriver", "CSINode",
	"VolumeAttributesClass", "PriorityClass", "RuntimeClass", "IngressClass", "IPAddress", "ServiceCIDR", "CertificateSigningRequest", "ClusterTrustBundle",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
	"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration", "StorageVersion", "StorageVersionMigration",
	"DeviceClass", "ResourceSlice", "DeviceTaintRule", "ResourcePoolStatusRequest", "ComponentStatus",
	"TokenReview", "SubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SelfSubjectReview",
}

// ownKinds knows where Kubernetes' own kinds are kept, which is the same on every
// server: they need no discovery. Whether a server has them shows when they are
// asked for.
var OwnKinds = sync.OnceValue(func() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(scheme.Scheme.PrioritizedVersionsAllGroups())
	for gvk := range scheme.Scheme.AllKnownTypes() {
		scope := meta.RESTScopeNamespace
		if slices.Contains(clusterScoped, gvk.Kind) {
			scope = meta.RESTScopeRoot
		}
		mapper.Add(gvk, scope)
	}
	return mapper
})
