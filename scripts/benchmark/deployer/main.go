// Command deployer carries out one deploy as the pipeline does (change, in
// ci/pipeline/deploy.go, then forgetting the way back), in a process of its own,
// so that CPU, memory and requests are the engine's alone. It reads a v1 List
// from its input and prints what took how long.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

type options struct {
	Kubeconfig string `required:""`
	Run        string `required:"" help:"Goes into the label slipway.dev/run."`
	UserAgent  string `default:"slipway"`
}

func main() {
	var opts options
	kong.Parse(&opts, kong.Name("deployer"))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "deployer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts options) error {
	objects, err := read(opts.Run)
	if err != nil {
		return err
	}
	times := map[string]float64{}
	step := func(name string, do func() error) {
		if err == nil {
			begun := time.Now()
			err = do()
			times[name] = time.Since(begun).Seconds()
		}
	}
	var c *cluster.Cluster
	step("connect", func() (err error) {
		c, err = cluster.Connect(ctx, cluster.Config{Kubeconfig: opts.Kubeconfig, UserAgent: opts.UserAgent})
		return err
	})
	var plan *apply.Plan
	step("plan", func() (err error) {
		plan, err = apply.NewPlan(ctx, c, objects, apply.Options{})
		return err
	})
	record := records.UndoRecord{Namespace: objects[0].GetNamespace(), Run: opts.Run}
	step("record", func() (err error) {
		if plan.Writes() {
			record, err = records.SaveUndo(ctx, c, record, plan, records.Release{Objects: objects})
		}
		return err
	})
	step("apply", func() error {
		_, err := apply.Carry(ctx, c, plan, nil)
		return err
	})
	step("wait", func() error { return rollout.Wait(ctx, c, objects, nil) })
	if err == nil && plan.Writes() {
		err = forget(ctx, opts, record) // which the pipeline does after the production tests: no part of a deploy
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(times)
}

// forget removes the way back, under a name of its own in the audit log.
func forget(ctx context.Context, opts options, record records.UndoRecord) error {
	after, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: opts.Kubeconfig, UserAgent: "after-" + opts.UserAgent})
	if err != nil {
		return err
	}
	return records.ForgetUndo(ctx, after, record)
}

// read returns the objects with the run's label, as ci/manifest puts it on all.
func read(run string) ([]*unstructured.Unstructured, error) {
	var list unstructured.UnstructuredList
	if err := json.NewDecoder(os.Stdin).Decode(&list); err != nil {
		return nil, err
	}
	objects := make([]*unstructured.Unstructured, len(list.Items))
	for i := range list.Items {
		objects[i] = &list.Items[i]
		labels := objects[i].GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[managed.LabelRun], labels[managed.LabelManagedBy] = run, managed.FieldManager
		objects[i].SetLabels(labels)
	}
	return objects, nil
}
