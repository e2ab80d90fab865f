package diagnose

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// longAgo says of each container that it started long ago.
func longAgo(*corev1.Pod, corev1.ContainerStatus) time.Duration { return time.Hour }

func waitingFor(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "api", Image: "app:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func endedWith(name string, restarts int32, code int32, reason string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, Image: "app:1", RestartCount: restarts,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason}}}
}

func TestContainerProblemsAreClassified(t *testing.T) {
	t.Parallel()
	oom := waitingFor("CrashLoopBackOff", "")
	oom.RestartCount = 1
	oom.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	running := endedWith("api", 2, 1, "Error")
	running.LastTerminationState, running.State = running.State, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	for name, test := range map[string]struct {
		status corev1.ContainerStatus
		class  cluster.Class
		cause  string
		grace  time.Duration
	}{
		"image not there":          {waitingFor("ErrImagePull", "rpc error: resolve: app:1: not found"), cluster.Image, "image app:1 cannot be pulled: the registry does not have it (app:1: not found)", 0},
		"image denied":             {waitingFor("ImagePullBackOff", "401 Unauthorized"), cluster.Image, "image app:1 cannot be pulled: the registry refuses the cluster's credentials (401 Unauthorized)", 0},
		"registry away":            {waitingFor("ErrImagePull", "connect: connection refused"), cluster.Image, "image app:1 cannot be pulled: connect: connection refused", pullGrace},
		"name is none":             {waitingFor("InvalidImageName", "couldn't parse"), cluster.Image, `image "app:1" cannot be pulled: it is not a valid image name`, 0},
		"never pulled":             {waitingFor("ErrImageNeverPull", "x"), cluster.Image, "image app:1 cannot be pulled: it is not on the node and imagePullPolicy is Never", 0},
		"Secret missing":           {waitingFor("CreateContainerConfigError", `secret "x" not found`), cluster.Misconfigured, `container api cannot start: secret "x" not found`, configGrace},
		"image runs as root":       {waitingFor("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"), cluster.Misconfigured, "container api cannot start: container has runAsNonRoot and image will run as root", 0},
		"command missing":          {waitingFor("RunContainerError", "no such file"), cluster.Crash, "container api cannot start: no such file", CreateGrace},
		"out of memory":            {oom, cluster.Crash, "container api is killed because it uses more memory than its limit of 64Mi (OOMKilled)", crashGrace},
		"killed, nobody says why":  {endedWith("api", 1, 137, "Error"), cluster.Crash, "container api crashes again and again, with exit code 137 (Error), as one does that uses more memory than its limit of 64Mi", crashGrace},
		"ended once":               {endedWith("api", 0, 1, "Error"), cluster.Crash, "container api ended with exit code 1 (Error) and is started again", Open},
		"ended twice":              {endedWith("api", 1, 1, "Error"), cluster.Crash, "container api crashes again and again, with exit code 1 (Error)", crashGrace},
		"restarts without backoff": {running, cluster.Crash, "container api crashes again and again, with exit code 1 (Error)", crashGrace},
		"ends without an error":    {endedWith("api", 1, 0, "Completed"), cluster.Crash, "container api ends by itself again and again (exit code 0), but it is meant to keep running", crashGrace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{test.status}}}
			pod.Spec.Containers = []corev1.Container{{Name: "api", Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: quantity.MustParse("64Mi")}}}}
			found := PodProblem(pod, longAgo)
			require.NotNil(t, found)
			require.Equal(t, test.class, found.Class)
			require.Equal(t, test.cause, found.Cause)
			require.Equal(t, test.grace, found.Grace)
			now := metav1.Now()
			pod.DeletionTimestamp = &now
			require.Nil(t, PodProblem(pod, longAgo), "it is going anyway")
		})
	}
	require.Nil(t, PodProblem(&corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waitingFor("ContainerCreating", "")}}}, longAgo))
}

func TestInitContainersAreNamedAsSuchAndMayEndWell(t *testing.T) {
	t.Parallel()
	pod := &corev1.Pod{Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{endedWith("migrate", 1, 3, "Error")}}}
	require.Equal(t, "init container migrate crashes again and again, with exit code 3 (Error)", PodProblem(pod, longAgo).Cause)
	pod.Status.InitContainerStatuses[0] = endedWith("migrate", 2, 0, "Completed")
	require.Nil(t, PodProblem(pod, longAgo))
}

func TestAContainerThatRunsWellAgainIsNoProblem(t *testing.T) {
	t.Parallel()
	status := endedWith("api", 2, 1, "Error")
	status.LastTerminationState, status.State, status.Ready = status.State, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, true
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "api"}}}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}}}
	require.Nil(t, PodProblem(pod, longAgo))
	soon := func(*corev1.Pod, corev1.ContainerStatus) time.Duration { return time.Second }
	require.NotNil(t, PodProblem(pod, soon), "no probe says that it is well")
	pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{}
	require.Nil(t, PodProblem(pod, soon), "its probe says so")
}

func TestGravestIsWhatIsFinalFirst(t *testing.T) {
	t.Parallel()
	later, sooner := &Problem{Grace: Open}, &Problem{Grace: pullGrace}
	require.Same(t, sooner, Gravest(nil, later, sooner, nil, &Problem{Grace: pullGrace}))
	require.Nil(t, Gravest(nil, nil))
}

func TestPausedAndOverdueDeploymentsAreProblems(t *testing.T) {
	t.Parallel()
	require.Equal(t, cluster.Misconfigured, Paused(&appsv1.Deployment{Spec: appsv1.DeploymentSpec{Paused: true}}).Class)
	overdue := &appsv1.Deployment{Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"}}}}
	require.Equal(t, cluster.Timeout, DeploymentProblem(overdue, nil, nil).Class)
	running := &corev1.Pod{}
	running.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "api", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	require.Equal(t, cluster.NeverReady, DeploymentProblem(overdue, []*corev1.Pod{running}, nil).Class)
	require.Nil(t, DeploymentProblem(&appsv1.Deployment{}, nil, nil))
}
