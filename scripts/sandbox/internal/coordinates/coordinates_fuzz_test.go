package coordinates

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
)

// FuzzInspected holds that whatever Docker tells of our containers is understood
// or refused.
func FuzzInspected(f *testing.F) {
	for _, seed := range []string{running, "[]", "null", "[null]", "[{}]", `[{"Name": "/slipway-node", "NetworkSettings": {"Ports": {"6443/tcp": null}, "Networks": null}}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var list []docker.Inspected
		if json.Unmarshal([]byte(text), &list) != nil {
			return
		}
		found := map[string]docker.Inspected{}
		for _, c := range list {
			found[strings.TrimPrefix(c.Name, "/")] = c
		}
		at, _, err := Read("", found, "", "", true)
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
