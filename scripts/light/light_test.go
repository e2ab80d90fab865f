package light

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// built skips where compiling the programs may take minutes.
func built(t *testing.T) Programs {
	t.Helper()
	if os.Getenv("SLIPWAY_LIGHT_TEST") == "" {
		t.Skip("SLIPWAY_LIGHT_TEST is not set: the light tier's programs may have to be built")
	}
	programs, err := Build(t.Context(), "../..")
	require.NoError(t, err)
	return programs
}

func TestPodsBecomeReadyAndAreDeletedAndJobsComplete(t *testing.T) {
	t.Parallel()
	c, err := Start(t.Context(), built(t))
	require.NoError(t, err)
	t.Cleanup(c.Stop)
	pod := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "api"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "api", Image: "registry.example.com/api", ReadinessProbe: &corev1.Probe{
			ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(8080)}}}}}},
	}
	replicas := int32(5)
	deployments := c.client.AppsV1().Deployments(metav1.NamespaceDefault)
	_, err = deployments.Create(t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "api"}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Template: pod, Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	jobs := c.client.BatchV1().Jobs(metav1.NamespaceDefault)
	_, err = jobs.Create(t.Context(), &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "once"}, Spec: batchv1.JobSpec{Template: pod}}, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, func() bool {
		d, err := deployments.Get(t.Context(), "api", metav1.GetOptions{})
		return err == nil && d.Status.AvailableReplicas == replicas
	})
	eventually(t, func() bool {
		j, err := jobs.Get(t.Context(), "once", metav1.GetOptions{})
		return err == nil && j.Status.Succeeded == 1
	})
	require.NoError(t, deployments.Delete(t.Context(), "api", metav1.DeleteOptions{}))
	eventually(t, func() bool {
		pods, err := c.client.CoreV1().Pods(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{LabelSelector: "app=api"})
		return err == nil && len(pods.Items) == 1 // the Job's
	})
	requireAudited(t, c.AuditLog, `"verb":"create"`, `"resource":"deployments"`, `"userAgent":"light.test/`)
}

func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	programs := built(t)
	run := filepath.Join(t.TempDir(), "run")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", run, "./run").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			cmd := exec.CommandContext(t.Context(), run)
			cmd.Dir, cmd.Env, cmd.Stderr = "../..", append(os.Environ(), "TMPDIR="+temp), os.Stderr
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = bufio.NewReader(stdout).ReadString('\n') // it is up
			require.NoError(t, err)
			require.Len(t, processesIn(temp), 5, "of %s", programs.Kube)
			require.NoError(t, cmd.Process.Signal(signal))
			_ = cmd.Wait()
			eventually(t, func() bool { return len(processesIn(temp)) == 0 })
			left, err := filepath.Glob(filepath.Join(temp, "*"))
			require.NoError(t, err)
			require.Equal(t, signal == syscall.SIGKILL, len(left) > 0, "%v", left)
		})
	}
}

func TestAProcessThatEndsIsNamedWithItsLastWords(t *testing.T) {
	t.Parallel()
	programs := built(t)
	program := filepath.Join(t.TempDir(), "kwok")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho out of nodes >&2\nexit 3\n"), 0o755))
	programs.Kwok = program
	_, err := Start(t.Context(), programs)
	require.ErrorContains(t, err, "kwok: exit status 3\nout of nodes")
}

func TestAFolderIsRemovedOnceNobodyHoldsIt(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	former, held, err := newFolder()
	require.NoError(t, err)
	past := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(former, past, past))
	for _, want := range []bool{true, false} {
		_, other, err := newFolder()
		require.NoError(t, err)
		t.Cleanup(func() { _ = other.Close() })
		_, err = os.Stat(former)
		require.Equal(t, want, err == nil)
		_ = held.Close()
	}
}

// processesIn are those whose working directory is below the folder.
func processesIn(folder string) []string {
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && strings.HasPrefix(at, folder) {
			found = append(found, link)
		}
	}
	return found
}

func requireAudited(t *testing.T, path string, want ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		missing := false
		for _, part := range want {
			missing = missing || !strings.Contains(line, part)
		}
		if !missing {
			return
		}
	}
	t.Fatalf("no line of %s has %v", path, want)
}

func eventually(t *testing.T, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatal("not within 20 s")
		case <-time.After(20 * time.Millisecond):
		}
	}
}
