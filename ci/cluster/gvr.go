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
	Deployments    = appsv1.SchemeGroupVersion.WithResource("deployments")
	ReplicaSets    = appsv1.SchemeGroupVersion.WithResource("replicasets")
	StatefulSets   = appsv1.SchemeGroupVersion.WithResource("statefulsets")
	DaemonSets     = appsv1.SchemeGroupVersion.WithResource("daemonsets")
	Jobs           = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	Pods           = corev1.SchemeGroupVersion.WithResource("pods")
	Claims         = corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")
	Nodes          = corev1.SchemeGroupVersion.WithResource("nodes")
	Services       = corev1.SchemeGroupVersion.WithResource("services")
	Events         = corev1.SchemeGroupVersion.WithResource("events")
	EndpointSlices = discoveryv1.SchemeGroupVersion.WithResource("endpointslices")
	Leases         = coordinationv1.SchemeGroupVersion.WithResource("leases")
	ConfigMaps     = corev1.SchemeGroupVersion.WithResource("configmaps")
	Ingresses      = networkingv1.SchemeGroupVersion.WithResource("ingresses")
	Gateways       = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	Definitions    = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)
