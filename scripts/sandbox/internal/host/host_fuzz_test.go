package host

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDevices holds that no output of ip makes a name that is not in it.
func FuzzDevices(f *testing.F) {
	f.Add("7: br-5b35    inet 100.102.1.1/24 brd 100.102.1.255 scope global br-5b35\n")
	f.Add("9: veth11b6@if325: <BROADCAST,MULTICAST,UP> mtu 1500\n\n:\n1:\n")
	f.Fuzz(func(t *testing.T, table string) {
		for _, name := range append(bridges(table), links(table)...) {
			require.Contains(t, table, name)
		}
	})
}
