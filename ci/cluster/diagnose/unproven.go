package diagnose

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	runsProven = 2 * time.Second  // how long a container that no probe speaks for must have run to count
	runsAgain  = 10 * time.Second // the same for one that was restarted
)

// Ran tells for how long a container runs without a restart.
type Ran func(*corev1.Pod, corev1.ContainerStatus) time.Duration

// Unproven returns how much longer a container without probes has to run; 0 for
// one that has some, or that does not run.
func Unproven(pod *corev1.Pod, status corev1.ContainerStatus, has Ran) time.Duration {
	if status.State.Running == nil || probed(pod, status.Name) {
		return 0
	}
	must := runsProven
	if status.RestartCount > 0 {
		must = runsAgain
	}
	return max(0, must-has(pod, status))
}

func probed(pod *corev1.Pod, container string) bool {
	for _, c := range pod.Spec.Containers {
		if c.Name == container {
			return c.ReadinessProbe != nil || c.StartupProbe != nil
		}
	}
	return true // an init container: the pod's next step speaks for it
}
