package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzInspected holds that whatever Docker tells of our containers is understood
// or refused.
func FuzzInspected(f *testing.F) {
	for _, seed := range []string{running, "[]", "null", "[null]", "[{}]", `[{"Name": "/slipway-node", "NetworkSettings": {"Ports": {"6443/tcp": null}, "Networks": null}}]`} {
		f.Add(seed)
	}
	s := &Sandbox{}
	f.Fuzz(func(t *testing.T, text string) {
		var list []inspected
		if json.Unmarshal([]byte(text), &list) != nil {
			return
		}
		found := map[string]inspected{}
		for _, c := range list {
			found[strings.TrimPrefix(c.Name, "/")] = c
		}
		at, _, err := s.coordinates(found, "", "")
		if err == nil {
			_, err = json.Marshal(at)
			require.NoError(t, err)
		}
	})
}

// FuzzExport holds that a shell reads what was written, whatever it is.
func FuzzExport(f *testing.F) {
	for _, seed := range []string{"", "a", "it's", "$(id)", "`id`", "a\nb", "\\", "'", "''", "!x", "\"$HOME\"", "é", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.Contains(value, "\x00") { // no environment holds one
			t.Skip()
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", export("VALUE", value)+"\nprintf %s \"$VALUE\"").Output()
		require.NoError(t, err)
		require.Equal(t, value, string(out))
	})
}

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
