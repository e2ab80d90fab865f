package docker

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeitherUsersNorOtherClonesSandboxIsTaken(t *testing.T) {
	t.Parallel()
	o := Owner{Holder: "/home/me/clone", User: "me"}
	c := Container{Name: Node, Image: "mine"}
	found := func(status string, labels map[string]string) map[string]Inspected {
		var i Inspected
		i.Name, i.State.Status, i.Config.Labels = "/"+Node, status, labels
		return map[string]Inspected{Node: i}
	}
	other := t.TempDir() // a clone that is there
	require.NoError(t, o.MayTake(nil, []Container{c}))
	require.NoError(t, o.MayTake(found("running", map[string]string{KeyLabel: c.Key(), holdLabel: other, userLabel: "me"}), []Container{c}), "the same images are shared")
	require.ErrorContains(t, o.MayTake(found("running", map[string]string{KeyLabel: "other", holdLabel: other, userLabel: "me"}), []Container{c}), "belongs to "+other)
	require.NoError(t, o.MayTake(found("exited", map[string]string{KeyLabel: "other", holdLabel: other, userLabel: "me"}), []Container{c}), "nobody uses it")
	require.NoError(t, o.MayTake(found("running", map[string]string{KeyLabel: "other", holdLabel: other + "/gone", userLabel: "me"}), []Container{c}))
	require.ErrorContains(t, o.MayTake(found("running", map[string]string{KeyLabel: c.Key(), holdLabel: other, userLabel: "you"}), nil), "the user you")
}
