package docker

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSocketOfAShimIsWhereContainerdPutsIt(t *testing.T) {
	t.Parallel()
	// Both were seen while a container ran.
	require.Equal(t, "/run/containerd/s/1e8cf2aa5789cd948bf3e983d325de53af04b1a72c1dfcc1b15a6b22b7ada531", ShimSocket("c9358e2b463658308ec0eed61aac6bc7226dc8297d53e2192646b1c5019faa01"))
}
