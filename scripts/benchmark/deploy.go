package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/slipway-cd/slipway/scripts/light"
)

// phases of one series, each with the version that it deploys.
var phases = []struct {
	name    string
	version int
}{{"install", 1}, {"unchanged", 1}, {"upgrade", 2}}

// deployBench measures deploys of 200 objects on a control plane of its own.
type deployBench struct {
	tier     *light.Cluster
	client   kubernetes.Interface
	programs light.Programs
	deployer string // the program of ./deployer
	home     string // of kubectl: its cache starts empty
	samples  map[string][]sample
}

// sample is one phase, done once.
type sample struct {
	seconds, lag, cpu, peakMB float64
	requests                  map[string]int
}

// deploy measures the engine and kubectl, series by series in turn, so that
// whatever else this machine does concerns both.
func (b *bench) deploy(ctx context.Context, verbose bool) error {
	d := &deployBench{deployer: filepath.Join(b.folder, "deployer"), home: b.folder, samples: map[string][]sample{}}
	var err error
	if d.programs, err = light.Build(ctx, "."); err != nil {
		return err
	}
	if err := command(ctx, "go", "build", "-o", d.deployer, "./scripts/benchmark/deployer").Run(); err != nil {
		return err
	}
	if d.tier, err = light.Start(ctx, d.programs); err != nil {
		return err
	}
	defer d.tier.Stop()
	if d.client, err = kubernetes.NewForConfig(d.tier.Config); err != nil {
		return err
	}
	for i := range repeats {
		for _, tool := range []string{"deploy", "kubectl"} {
			if err := d.series(ctx, tool, fmt.Sprintf("%s-%d", tool, i)); err != nil {
				return err
			}
		}
	}
	d.report(b.figures)
	if verbose {
		d.explain()
	}
	return nil
}

// series goes through the phases in a new namespace.
func (d *deployBench) series(ctx context.Context, tool, namespace string) error {
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := d.client.CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, phase := range phases {
		objects, err := manifests(namespace, phase.version)
		if err != nil {
			return err
		}
		commands := d.commands(ctx, tool, namespace, phase.name)
		commands[0].Stdin = bytes.NewReader(objects)
		s, err := d.measure(ctx, tool, namespace, commands)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", tool, phase.name, err)
		}
		d.samples[tool+" "+phase.name] = append(d.samples[tool+" "+phase.name], s)
	}
	return d.client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
}

// commands are those that carry out one deploy with the tool; the first reads the objects.
func (d *deployBench) commands(ctx context.Context, tool, namespace, phase string) []*exec.Cmd {
	if tool == "deploy" {
		return []*exec.Cmd{exec.CommandContext(ctx, d.deployer, "--kubeconfig", d.tier.Kubeconfig, "--user-agent", agents[tool], "--run", namespace+"-"+phase)}
	}
	kubectl := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, d.programs.Kubectl, append([]string{"--kubeconfig", d.tier.Kubeconfig, "--namespace", namespace}, args...)...)
		cmd.Env = append(os.Environ(), "HOME="+d.home)
		return cmd
	}
	return []*exec.Cmd{kubectl("apply", "--server-side", "--filename", "-"), kubectl("rollout", "status", "deployment")}
}

// agents are how the tools' user agents begin.
var agents = map[string]string{"deploy": "slipway-bench", "kubectl": "kubectl/"}

// measure runs the commands one after the other and asks the kernel, the audit
// log and an observer what they did.
func (d *deployBench) measure(ctx context.Context, tool, namespace string, commands []*exec.Cmd) (s sample, err error) {
	log := &audit{path: d.tier.AuditLog}
	if _, err := log.requests(""); err != nil { // what was before does not count
		return s, err
	}
	seen, err := observe(ctx, d.client, namespace)
	if err != nil {
		return s, err
	}
	defer seen.stop()
	begun := time.Now()
	for _, cmd := range commands {
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return s, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, stderr.String())
		}
		s.cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		s.peakMB = max(s.peakMB, peakMB(cmd))
	}
	ended := time.Now()
	available, err := seen.allAvailable()
	if err != nil {
		return s, err
	}
	s.seconds, s.lag = ended.Sub(begun).Seconds(), ended.Sub(available).Seconds()
	s.requests, err = log.requests(agents[tool])
	return s, err
}

// report adds the medians to the figures.
func (d *deployBench) report(f *figures) {
	of := func(samples []sample, value func(sample) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = value(s)
		}
		return median(values)
	}
	for _, tool := range []string{"deploy", "kubectl"} {
		var cpu, peak float64
		for _, phase := range phases {
			samples := d.samples[tool+" "+phase.name]
			f.set(tool+".requests."+phase.name, of(samples, func(s sample) float64 { return total(s.requests) }))
			f.set(tool+".seconds."+phase.name, of(samples, func(s sample) float64 { return s.seconds }))
			if phase.name != "unchanged" { // then all are available before it begins
				f.set(tool+".lag."+phase.name+"_s", of(samples, func(s sample) float64 { return s.lag }))
			}
			cpu += of(samples, func(s sample) float64 { return s.cpu })
			peak = max(peak, of(samples, func(s sample) float64 { return s.peakMB }))
		}
		f.set(tool+".lag_s", f.values[tool+".lag.install_s"])
		f.set(tool+".cpu_s", cpu) // of the three phases together
		f.set(tool+".peak_rss_mb", peak)
	}
}

// explain prints what was asked for, by tool and phase.
func (d *deployBench) explain() {
	for _, tool := range []string{"deploy", "kubectl"} {
		for _, phase := range phases {
			samples := d.samples[tool+" "+phase.name]
			fmt.Printf("%s, %s: %s\n", tool, phase.name, mostFirst(samples[len(samples)-1].requests))
		}
	}
}
