package journal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorkInTheBackgroundIsToldOnceSomebodyWaitsForIt(t *testing.T) {
	t.Parallel()
	var told []string
	var removal Background
	removal.Heard("run one", "not gone: pod a, pod b")
	removal.Heard("run one", "not gone: pod b")
	removal.Awaited(func(text string) { told = append(told, text) })
	removal.Heard("run one", "gone")
	require.Equal(t, []string{"run one: not gone: pod b", "run one: gone"}, told)
}
