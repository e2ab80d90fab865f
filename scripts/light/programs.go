package light

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Programs are the paths of what runs; Kubectl is for who measures or tries.
type Programs struct {
	Kube    string `json:"kube"` // etcd and Kubernetes' components, told apart by the name they are started under
	Kwok    string `json:"kwok"`
	Kubectl string `json:"kubectl"`
}

// Build returns the programs, which scripts/sandbox builds once and keeps;
// repository is the root of this one.
func Build(ctx context.Context, repository string) (Programs, error) {
	cmd := exec.CommandContext(ctx, "go", "run", ".", "programs")
	cmd.Dir, cmd.Stderr = repository+"/scripts/sandbox", os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var programs Programs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &programs)
	}
	if err != nil {
		return programs, fmt.Errorf("build the programs of the light tier: %w", err)
	}
	return programs, nil
}
