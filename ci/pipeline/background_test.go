package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorkInTheBackgroundIsToldOnceSomebodyWaitsForIt(t *testing.T) {
	t.Parallel()
	var told []string
	var removal background
	removal.heard("run one", "not gone: pod a, pod b")
	removal.heard("run one", "not gone: pod b")
	removal.awaited(func(text string) { told = append(told, text) })
	removal.heard("run one", "gone")
	require.Equal(t, []string{"run one: not gone: pod b", "run one: gone"}, told)
}
