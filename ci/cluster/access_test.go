package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
)

func TestGrantedReadsWildcardsAndIgnoresNamedObjects(t *testing.T) {
	t.Parallel()
	need := Permission{"patch", "apps", "deployments"}
	require.True(t, Granted([]authorizationv1.ResourceRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}}, need))
	require.True(t, Granted([]authorizationv1.ResourceRule{{Verbs: []string{"patch"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}}}, need))
	require.False(t, Granted([]authorizationv1.ResourceRule{{Verbs: []string{"patch"}, APIGroups: []string{""}, Resources: []string{"deployments"}}}, need))
	require.False(t, Granted([]authorizationv1.ResourceRule{{Verbs: []string{"patch"}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}, ResourceNames: []string{"api"}}}, need))
}
