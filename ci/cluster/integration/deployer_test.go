package integration

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
)

// deployerEnv, when set, makes the test's own program one that deploys: a process
// that can be stopped.
const deployerEnv = "SLIPWAY_TEST_DEPLOYER"

// shortLease is what is waited for until a stopped run's lease expires: long enough to
// be renewed on a busy machine.
const shortLease = 6 * time.Second

// deploy is what a run does with production, from the lock to the unlock.
type deploy struct {
	Kubeconfig, Namespace, Run string
	Objects                    []*unstructured.Unstructured
	Refused                    bool // the tests of production do, so that it is put back
}

// deployer does what its input says and tells how it ended: nothing, or the
// class of the error and the error.
func deployer() int {
	var d deploy
	if err := json.NewDecoder(os.Stdin).Decode(&d); err != nil {
		panic(err)
	}
	c, err := cluster.Connect(context.Background(), cluster.Config{Kubeconfig: d.Kubeconfig, UserAgent: "slipway-test", Lease: shortLease})
	if err == nil {
		err = d.carry(context.Background(), c)
	}
	if known := (*cluster.Error)(nil); errors.As(err, &known) {
		fmt.Println(known.Class)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func (d deploy) carry(ctx context.Context, c *cluster.Cluster) error {
	lease, err := lock.Lock(ctx, c, d.Namespace, "slipway-production", d.Run, nil)
	if err != nil {
		return err
	}
	err = d.under(lease.Fence(ctx), c, lease)
	if lost := lease.Ask(ctx); errors.Is(lost, cluster.ErrLost) {
		err = lost
	}
	return errors.Join(err, lease.Unlock(ctx))
}

// under deploys while it has the lock, after it put back what dead runs changed.
func (d deploy) under(ctx context.Context, c *cluster.Cluster, lease *lock.Lease) error {
	undos, _, err := records.Undos(ctx, c, d.Namespace)
	if err != nil {
		return err
	}
	releases, _, err := records.Releases(ctx, c, d.Namespace)
	if err != nil {
		return err
	}
	for _, record := range undos {
		if record.OutlivedBy(releases) == nil {
			fenced := records.FenceOff(ctx, c, record)
			_, _, restored := records.Restore(ctx, c, record)
			if err := errors.Join(fenced, restored); err != nil {
				return err
			}
		}
		if err := records.ForgetUndo(ctx, c, record); err != nil {
			return err
		}
	}
	var former []managed.Ref
	if len(releases) > 0 {
		former = releases[0].Refs
	}
	plan, err := apply.NewPlan(ctx, c, d.Objects, apply.Options{Former: former})
	if err != nil {
		return err
	}
	record, err := records.SaveUndo(ctx, c, records.UndoRecord{Namespace: d.Namespace, Run: d.Run, Number: lease.Number()}, plan, records.Release{})
	if err != nil {
		return err
	}
	if _, err := apply.Carry(ctx, c, plan, nil); err != nil {
		return err
	}
	if _, err := apply.Prune(ctx, c, plan); err != nil {
		return err
	}
	if d.Refused {
		_, _, err = records.Restore(ctx, c, record)
	} else {
		err = records.SaveRelease(ctx, c, d.Namespace, &records.Release{Version: d.Run, Run: d.Run, Number: lease.Number(), Time: c.Now(), Objects: d.Objects, Refs: plan.Refs()})
	}
	if err != nil {
		return err
	}
	return records.ForgetUndo(ctx, c, record)
}

// killed is a fence that lets some writes pass and then none, as when the process is
// killed between two.
type killed struct{ left atomic.Int32 }

func killedAfter(t *testing.T, writes int32) context.Context {
	k := &killed{}
	k.left.Store(writes)
	return cluster.WithFence(t.Context(), k)
}

func (k *killed) Confirm(ctx context.Context) error {
	if k.left.Add(-1) < 0 {
		return k.Ask(ctx)
	}
	return nil
}

func (k *killed) Ask(context.Context) error {
	return &cluster.Error{Class: cluster.Lost, Object: "test", Cause: "is over", Err: cluster.ErrLost}
}

// process is a deploy in a process of its own.
type process struct {
	*exec.Cmd
	said []string
	over chan struct{}
}

func (d deploy) start(t *testing.T) *process {
	t.Helper()
	told, err := json.Marshal(d)
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(os.Args[0]), over: make(chan struct{})}
	p.Env, p.Stdin, p.Stderr = append(os.Environ(), deployerEnv+"=1"), bytes.NewReader(told), os.Stderr
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	go func() {
		defer close(p.over)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.said = append(p.said, lines.Text())
		}
		_ = p.Wait()
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.over
	})
	return p
}

func (p *process) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	require.NoError(t, p.Process.Signal(signal))
}

// ended returns what the process said at its end; nothing when it succeeded.
func (p *process) ended(t *testing.T) []string {
	t.Helper()
	select {
	case <-p.over:
	case <-time.After(time.Minute):
		require.Fail(t, "it does not end")
	}
	return p.said
}
