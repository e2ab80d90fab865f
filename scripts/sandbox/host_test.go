package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirewallGetsTheseRules(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, r := range rules {
		lines = append(lines, "iptables "+strings.Join(r.args("-I"), " "))
	}
	golden(t, "firewall.golden", strings.Join(lines, "\n")+"\n")
}

func TestBoundingSetTellsWhetherACapabilityIsWithheld(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Name:\tcat\nCapBnd:\t000001ffffffffff\n": true,
		"Name:\tcat\nCapBnd:\t000001fffeffffff\n": false,
		"CapBnd:\tnot a number\n":                 false,
		"Name:\tcat\n":                            true, // no Linux
	} {
		require.Equal(t, want, bounds(text, 24), text)
	}
}

func TestMountPointsAreFoundDeepestFirst(t *testing.T) {
	t.Parallel()
	table := `22 27 0:21 / /proc rw,relatime - proc proc rw
42 27 254:0 /x /cache/my\040docker rw
43 42 0:43 / /cache/my\040docker/overlay2/a/merged rw - overlay overlay rw
44 27 0:4 net:[4026532184] /run/slipway/exec/netns/4746 rw - nsfs nsfs rw
45 27 0:5 / /run/slipway-other rw - tmpfs tmpfs rw
46 27 0:6 / /run/slipway rw - tmpfs tmpfs rw
`
	require.Equal(t, []string{
		"/run/slipway/exec/netns/4746", "/run/slipway", "/cache/my docker/overlay2/a/merged", "/cache/my docker",
	}, mountPoints(table, "/run/slipway", "/cache/my docker"))
}

func TestDevicesOfOurNetworksAreReadFromIP(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"br-5b35af72f6fa"}, bridges("7: br-5b35af72f6fa    inet 100.102.1.1/24 brd 100.102.1.255 scope global br-5b35af72f6fa\n9: tailscale0    inet 100.102.7.7/32 scope global tailscale0\n"))
	require.Equal(t, []string{"veth11b6dc1"}, links("326: veth11b6dc1@if325: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br-5b35\n"))
}

func TestSocketOfAShimIsWhereContainerdPutsIt(t *testing.T) {
	t.Parallel()
	// Both were seen while a container ran.
	require.Equal(t, "/run/containerd/s/1e8cf2aa5789cd948bf3e983d325de53af04b1a72c1dfcc1b15a6b22b7ada531", shimSocket("c9358e2b463658308ec0eed61aac6bc7226dc8297d53e2192646b1c5019faa01"))
}

func TestNeitherUsersNorOtherClonesSandboxIsTaken(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	c := container{name: nodeName, image: "mine"}
	found := func(status string, labels map[string]string) map[string]inspected {
		var i inspected
		i.Name, i.State.Status, i.Config.Labels = "/"+nodeName, status, labels
		return map[string]inspected{nodeName: i}
	}
	other := t.TempDir() // a clone that is there
	require.NoError(t, s.mayTake(nil, []container{c}))
	require.NoError(t, s.mayTake(found("running", map[string]string{keyLabel: c.key(), holdLabel: other, userLabel: "me"}), []container{c}), "the same images are shared")
	require.ErrorContains(t, s.mayTake(found("running", map[string]string{keyLabel: "other", holdLabel: other, userLabel: "me"}), []container{c}), "belongs to "+other)
	require.NoError(t, s.mayTake(found("exited", map[string]string{keyLabel: "other", holdLabel: other, userLabel: "me"}), []container{c}), "nobody uses it")
	require.NoError(t, s.mayTake(found("running", map[string]string{keyLabel: "other", holdLabel: other + "/gone", userLabel: "me"}), []container{c}))
	require.ErrorContains(t, s.mayTake(found("running", map[string]string{keyLabel: c.key(), holdLabel: other, userLabel: "you"}), nil), "the user you")
}
