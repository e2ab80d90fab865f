package receipt

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/footprint"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/report"
)

func TestTheReceiptTellsTheRunsChangesFromOthersAndFromNobodys(t *testing.T) {
	t.Parallel()
	s := Scope{Run: "one", Namespace: "shop", BuildNamespace: "shop-build"}
	changes := []report.Change{
		{Namespace: "shop", Kind: "Deployment", Name: "api", Action: report.Configured},
		{Namespace: "shop", Kind: "StatefulSet", Name: "postgres", Action: report.Created},
		{Namespace: "shop", Kind: "Service", Name: "api", Action: report.Unchanged},
	}
	found := func(kind, name string, action write.Action, run string, by ...string) footprint.Difference {
		return footprint.Difference{Namespace: "shop", Kind: kind, Name: name, Action: action, Run: run, By: by}
	}
	for name, c := range map[string]struct {
		found footprint.Difference
		alone bool
		as    string
	}{
		"what the run says it wrote":               {found("Deployment", "api", write.Configured, "one", "slipway"), true, "changed"},
		"the same, with another's hand in it":      {found("Deployment", "api", write.Configured, "one", "kube-controller-manager", "slipway"), true, "changed"},
		"a claim of its StatefulSet":               {found("PersistentVolumeClaim", "data-postgres-0", write.Created, "", "kube-controller-manager"), true, ""},
		"a claim of another StatefulSet":           {found("PersistentVolumeClaim", "data-other-0", write.Created, "", "kube-controller-manager"), true, "others"},
		"a claim whose name only looks like it":    {found("PersistentVolumeClaim", "data-postgres-x", write.Deleted, ""), true, "unexpected"},
		"what the run says it left as it was":      {found("Service", "api", write.Configured, "zero", "slipway"), true, "unexpected"},
		"the same by a person":                     {found("Service", "api", write.Configured, "zero", "kubectl-edit"), true, "others"},
		"what somebody deleted under the lock":     {found("ConfigMap", "settings", write.Deleted, "zero"), true, "unexpected"},
		"a Job that has gone by itself":            {found("Job", "migrate", write.Deleted, ""), true, "others"},
		"another run's object, without the lock":   {found("ConfigMap", "settings-two", write.Deleted, "two"), false, ""},
		"a person's hand on it":                    {found("ConfigMap", "settings-two", write.Configured, "two", "kubectl-edit"), false, "others"},
		"the same, without a run's label":          {found("ConfigMap", "settings", write.Deleted, ""), false, "unexpected"},
		"what this run wrote and never spoke of":   {found("ConfigMap", "settings", write.Created, "one", "slipway"), false, "unexpected"},
		"another run's object, though we had lock": {found("ConfigMap", "settings", write.Configured, "two", "slipway"), true, "unexpected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := s.sort([]footprint.Difference{c.found}, changes, c.alone)
			as := map[string]int{"changed": out.Changed, "others": len(out.Others), "unexpected": len(out.Unexpected)}
			for kind, count := range as {
				require.Equal(t, kind == c.as, count == 1, "%s: %v", kind, as)
			}
		})
	}
}

func TestWhatIsGoneIsAmongTheObjectsThatCanHaveChanged(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2, gone([]footprint.Difference{{Action: write.Deleted}, {Action: write.Configured}, {Action: write.Deleted}, {Action: write.Created}}))
}
