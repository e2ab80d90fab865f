package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func waitingFor(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "api", Image: "app:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func TestPodProblemsAreClassified(t *testing.T) {
	t.Parallel()
	oom := waitingFor("CrashLoopBackOff", "")
	oom.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	restarts := corev1.ContainerStatus{Name: "api", RestartCount: 2, LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}}
	for name, test := range map[string]struct {
		status corev1.ContainerStatus
		class  Class
		cause  string
		grace  time.Duration
	}{
		"image not there":          {waitingFor("ErrImagePull", "app:1: not found"), Image, "image app:1 cannot be pulled: app:1: not found", 0},
		"image denied":             {waitingFor("ImagePullBackOff", "401 Unauthorized"), Image, "image app:1 cannot be pulled: 401 Unauthorized", 0},
		"registry away":            {waitingFor("ErrImagePull", "connection refused"), Image, "image app:1 cannot be pulled: connection refused", pullGrace},
		"name is none":             {waitingFor("InvalidImageName", "couldn't parse"), Image, "image app:1 cannot be pulled: couldn't parse", 0},
		"Secret missing":           {waitingFor("CreateContainerConfigError", `secret "x" not found`), Misconfigured, `container api: CreateContainerConfigError: secret "x" not found`, configGrace},
		"command missing":          {waitingFor("RunContainerError", "no such file"), Crash, "container api: RunContainerError: no such file", createGrace},
		"out of memory":            {oom, Crash, "container api keeps ending with exit code 137 (OOMKilled)", 0},
		"restarts without backoff": {restarts, Crash, "container api keeps ending with exit code 1 (Error)", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := podProblem(&corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{test.status}}})
			require.NotNil(t, found)
			require.Equal(t, test.class, found.class)
			require.Equal(t, test.cause, found.cause)
			require.Equal(t, test.grace, found.grace)
		})
	}
	require.Nil(t, podProblem(&corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waitingFor("ContainerCreating", "")}}}))
	now := metav1.Now()
	require.Nil(t, podProblem(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &now}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{oom}}}), "it is going anyway")
}

func TestPausedAndOverdueDeploymentsAreProblems(t *testing.T) {
	t.Parallel()
	require.Equal(t, Misconfigured, deploymentProblem(&appsv1.Deployment{Spec: appsv1.DeploymentSpec{Paused: true}}, nil).class)
	overdue := &appsv1.Deployment{Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"}}}}
	require.Equal(t, Timeout, deploymentProblem(overdue, nil).class)
	running := podOf("api", false)
	running.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "api", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	require.Equal(t, NeverReady, deploymentProblem(overdue, []*corev1.Pod{running}).class)
	require.Nil(t, deploymentProblem(&appsv1.Deployment{}, nil))
}
