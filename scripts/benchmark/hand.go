package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// byHand are the kinds of what the script by-hand makes.
const byHand = "deployments,statefulsets,services,ingresses,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets,persistentvolumeclaims"

// hand does the job with the engine's command line and kubectl, as a shell
// script would, where both are there. Nothing of it stays in the cluster.
func (b *bench) hand(ctx context.Context) (err error) {
	environment, err := b.environment(ctx)
	if err != nil {
		return err
	}
	shell := func(ctx context.Context, args ...string) error {
		cmd := command(ctx, "bash", args...)
		cmd.Env = environment
		return cmd.Run()
	}
	if shell(ctx, "-c", "command -v kubectl >/dev/null") != nil {
		fmt.Fprintln(os.Stderr, "bench: by hand is left out: kubectl is not here")
		return ctx.Err()
	}
	remove := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		if err := shell(ctx, "-c", "kubectl --namespace go-demo-build delete "+byHand+" --selector by-hand --cascade=foreground >/dev/null"); err != nil {
			return fmt.Errorf("remove what was made by hand: %w", err)
		}
		return nil
	}
	if err := remove(ctx); err != nil { // what one that was killed has left
		return err
	}
	defer func() { err = errors.Join(err, remove(context.WithoutCancel(ctx))) }()
	var totals []float64
	for i := range repeats + 1 {
		start := time.Now()
		if err := shell(ctx, "scripts/benchmark/by-hand", b.source, fmt.Sprintf("hand%d", i)); err != nil {
			return fmt.Errorf("by hand: %w", err)
		}
		if i > 0 { // the first fills the caches
			totals = append(totals, time.Since(start).Seconds())
		}
	}
	b.figures.set("hand.unchanged_s", median(totals))
	return nil
}

// environment is that of a shell that has read what `sandbox env` prints.
func (b *bench) environment(ctx context.Context) ([]string, error) {
	out, err := command(ctx, "bash", "-c", `lines=$("$0" sandbox env) && eval "$lines" && env -0`, b.ci).Output()
	if err != nil {
		return nil, fmt.Errorf("read `sandbox env`: %w", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}
