package host

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

func TestTheFirewallGetsTheseRules(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, r := range rules {
		lines = append(lines, "iptables "+strings.Join(r.args("-I"), " "))
	}
	sandboxtest.Golden(t, "firewall.golden", strings.Join(lines, "\n")+"\n")
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
