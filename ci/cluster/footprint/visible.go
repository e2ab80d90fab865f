package footprint

import (
	"context"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// place is where objects of one kind may be listed; without a namespace those of
// the cluster itself.
type place struct {
	gvr             schema.GroupVersionResource
	kind, namespace string
}

// restless are kinds that change by themselves, or only mirror others.
var restless = []schema.GroupResource{
	{Resource: "pods"}, {Resource: "endpoints"}, {Group: "discovery.k8s.io", Resource: "endpointslices"},
	{Resource: "events"}, {Group: "events.k8s.io", Resource: "events"}, {Group: "coordination.k8s.io", Resource: "leases"},
	{Group: "apps", Resource: "replicasets"}, {Group: "apps", Resource: "controllerrevisions"},
	{Group: "metrics.k8s.io", Resource: "pods"}, {Group: "metrics.k8s.io", Resource: "nodes"},
	{Resource: "componentstatuses"}, {Resource: "nodes"}, {Group: "storage.k8s.io", Resource: "csinodes"},
	{Group: "storage.k8s.io", Resource: "csistoragecapacities"}, {Group: "certificates.k8s.io", Resource: "certificatesigningrequests"},
}

// usual are the groups that are tried where the server does not tell all rules
// (webhook authorizers); a refusal is no harm.
var usual = []string{"", "apps", "batch", "networking.k8s.io", "policy", "autoscaling"}

// visible returns where the credentials may list objects of kinds that do not
// change by themselves.
func visible(ctx context.Context, c *cluster.Cluster, namespace string) ([]place, error) {
	kinds, err := c.Kinds(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := c.Rules(ctx, namespace)
	if err != nil {
		return nil, err
	}
	var out []place
	for _, list := range kinds {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, kind := range list.APIResources {
			gvr := version.WithResource(kind.Name)
			if !slices.Contains(kind.Verbs, "list") || slices.Contains(restless, gvr.GroupResource()) || !mayList(rules, gvr) {
				continue
			}
			at := place{gvr, kind.Kind, namespace}
			if !kind.Namespaced {
				at.namespace = ""
			}
			out = append(out, at)
		}
	}
	return out, nil
}

func mayList(rules authorizationv1.SubjectRulesReviewStatus, gvr schema.GroupVersionResource) bool {
	return cluster.Granted(rules.ResourceRules, cluster.Permission{Verb: "list", Group: gvr.Group, Resource: gvr.Resource}) || rules.Incomplete && slices.Contains(usual, gvr.Group)
}
