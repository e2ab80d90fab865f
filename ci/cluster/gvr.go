package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Where the API server keeps kinds that are read as a whole.
var (
	deployments    = appsv1.SchemeGroupVersion.WithResource("deployments")
	replicaSets    = appsv1.SchemeGroupVersion.WithResource("replicasets")
	statefulSets   = appsv1.SchemeGroupVersion.WithResource("statefulsets")
	daemonSets     = appsv1.SchemeGroupVersion.WithResource("daemonsets")
	jobs           = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	pods           = corev1.SchemeGroupVersion.WithResource("pods")
	claims         = corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")
	services       = corev1.SchemeGroupVersion.WithResource("services")
	events         = corev1.SchemeGroupVersion.WithResource("events")
	endpointSlices = discoveryv1.SchemeGroupVersion.WithResource("endpointslices")
	leases         = coordinationv1.SchemeGroupVersion.WithResource("leases")
	configMaps     = corev1.SchemeGroupVersion.WithResource("configmaps")
	ingresses      = networkingv1.SchemeGroupVersion.WithResource("ingresses")
	definitions    = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)
