package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
)

// quiet is a printer that says nothing.
type quiet struct{}

func (quiet) Begin(report.Header)               {}
func (quiet) StageStarted(string)               {}
func (quiet) Note(string, string)               {}
func (quiet) StageEnded(report.Stage, []string) {}
func (quiet) End(report.Report)                 {}

// fake is a pipeline of stages that only write down that they ran.
type fake struct {
	*Run
	stages []Stage
	ran    []string
}

func newFake(t *testing.T, names ...string) *fake {
	t.Helper()
	f := &fake{Run: &Run{
		journal: &journal.Journal{Printer: quiet{}},
		images:  make([]artifact.Image, 1),
		report:  &report.Report{},
		opts:    settings.Options{Run: "one", Version: "v1", Until: names[len(names)-1], StageTimeout: time.Minute},
		env:     Environment{Printer: quiet{}, EngineLog: &engine.Log{}, Build: &cluster.Cluster{}, Production: &cluster.Cluster{}},
	}}
	for i, name := range append(names, "cleanup") {
		f.stages = append(f.stages, Stage{Name: name, Code: 10 + i, Always: name == "cleanup", Run: func(context.Context) error { return nil }})
	}
	return f
}

// on lets a stage do something.
func (f *fake) on(name string, do func(ctx context.Context) error) {
	for i := range f.stages {
		if f.stages[i].Name == name {
			f.stages[i].Run = do
		}
	}
}

func (f *fake) execute(t *testing.T, ctx context.Context) report.Report {
	t.Helper()
	dir, err := report.Create(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Close()) })
	for i, stage := range f.stages {
		f.stages[i].Run = func(ctx context.Context) error {
			f.ran = append(f.ran, stage.Name)
			return stage.Run(ctx)
		}
	}
	return f.Execute(ctx, f.stages, dir)
}

func results(r report.Report) map[string]report.Result {
	out := map[string]report.Result{}
	for _, stage := range r.Stages {
		out[stage.Name] = stage.Result
	}
	return out
}

func TestStagesRunInOrderAndTheReportIsWritten(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build", "functional", "release")
	done := f.execute(t, t.Context())
	require.Equal(t, []string{"build", "functional", "release", "cleanup"}, f.ran)
	require.Equal(t, report.Passed, done.Result)
	require.Equal(t, exit.Done, done.ExitCode)
	require.FileExists(t, f.env.Dir.Path()+"/report.json")
}

func TestTheFirstFailureEndsTheRunAndCleanupStillRuns(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build", "functional", "release")
	f.on("functional", func(context.Context) error { return errors.New("no") })
	f.on("cleanup", func(context.Context) error { return errors.New("neither") })
	done := f.execute(t, t.Context())
	require.Equal(t, []string{"build", "functional", "cleanup"}, f.ran)
	require.Equal(t, map[string]report.Result{"build": report.Passed, "functional": report.Failed, "release": report.Skipped, "cleanup": report.Failed}, results(done))
	require.Equal(t, 11, done.ExitCode, "of the first failure, not of cleanup's")
}

func TestAFailedCleanupFailsTheRun(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build")
	f.on("cleanup", func(context.Context) error { return errors.New("no") })
	done := f.execute(t, t.Context())
	require.Equal(t, report.Failed, done.Result)
	require.Equal(t, 11, done.ExitCode)
}

func TestUntilSkipsLaterStagesWithAReason(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build", "functional", "release")
	f.opts.Until = "build"
	done := f.execute(t, t.Context())
	require.Equal(t, []string{"build", "cleanup"}, f.ran)
	require.Equal(t, report.Passed, done.Result)
	require.Equal(t, report.Skipped, done.Stages[2].Result)
	require.Equal(t, "not requested: --until build", done.Stages[2].Detail)
}

func TestASignalInterruptsTheStageAndCleanupHasALiveContext(t *testing.T) {
	t.Parallel()
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		f := newFake(t, "build", "functional")
		ctx, cancel := context.WithCancelCause(t.Context())
		f.on("build", func(ctx context.Context) error {
			cancel(exit.Interrupt{Signal: signal})
			<-ctx.Done()
			return ctx.Err()
		})
		f.on("cleanup", func(ctx context.Context) error {
			deadline, limited := ctx.Deadline()
			require.True(t, limited, "cleanup must end")
			require.Greater(t, time.Until(deadline), 30*time.Second)
			return ctx.Err()
		})
		done := f.execute(t, ctx)
		require.Equal(t, map[string]report.Result{"build": report.Interrupted, "functional": report.Skipped, "cleanup": report.Passed}, results(done))
		require.Equal(t, report.Interrupted, done.Result)
		require.Equal(t, code, done.ExitCode)
	}
}

// tails is a printer that keeps the ends of logs that it is given.
type tails struct {
	quiet
	of map[string][]string
}

func (p *tails) StageEnded(stage report.Stage, logTail []string) { p.of[stage.Name] = logTail }

// The engine writes what a build did when the next stage has begun already.
func TestTheEnginesLogIsShownOnlyForWhatTheEngineFailedAt(t *testing.T) {
	t.Parallel()
	const late = "147 : Container.publish DONE"
	for name, c := range map[string]struct {
		err  error
		tail []string
	}{
		"the engine":              {(&engine.Session{}).Failure("run tests", errors.New("exit code: 1")), []string{late}},
		"the engine, out of time": {(&engine.Session{}).Failure("run tests", fmt.Errorf("post: %w", context.DeadlineExceeded)), []string{late}},
		"the cluster":             {&cluster.Error{Class: cluster.NoAddress, Object: "Ingress a/b", Cause: "no address answered in time"}, nil},
		"the overlay":             {errors.New("render kustomize/overlays/beta: no"), nil},
	} {
		f := newFake(t, "build", "functional")
		printer := &tails{of: map[string][]string{}}
		f.env.Printer = printer
		f.opts.StageTimeout = 200 * time.Millisecond
		f.on("functional", func(ctx context.Context) error {
			_, _ = f.env.EngineLog.Write([]byte(late + "\n"))
			if errors.Is(c.err, context.DeadlineExceeded) {
				<-ctx.Done()
			}
			return c.err
		})
		f.execute(t, t.Context())
		require.Equal(t, c.tail, printer.of["functional"], name)
	}
}

func TestAStageThatTakesTooLongNamesTheLimit(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build", "functional")
	f.opts.StageTimeout = 10 * time.Millisecond
	f.on("functional", func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("render: %w", ctx.Err())
	})
	f.stages[2].Time = time.Minute
	done := f.execute(t, t.Context())
	require.Equal(t, exit.Timeout, done.ExitCode)
	require.Equal(t, "out of time: --stage-timeout (10ms) is over: render: context deadline exceeded", done.Stages[1].Cause)
	require.Equal(t, report.Passed, done.Stages[2].Result, "cleanup has a time of its own")
}

func TestTheRunsOwnLimitIsNamedWhenItIsTheShorter(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build", "functional")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, exit.OutOfTime{What: "--timeout", Limit: 10 * time.Millisecond})
	defer cancel()
	f.on("build", func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("wait: %w", context.Cause(ctx))
	})
	done := f.execute(t, ctx)
	require.Equal(t, exit.Timeout, done.ExitCode)
	require.Equal(t, "out of time: wait: --timeout (10ms) is over", done.Stages[0].Cause)
	require.Equal(t, []string{"build", "cleanup"}, f.ran)
}

func TestAFailedBetaIsKeptUntilASignal(t *testing.T) {
	t.Parallel()
	f := newFake(t, "build", "functional")
	f.opts.KeepBeta = time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	f.on("functional", func(context.Context) error {
		f.beta.made.Store(true)
		time.AfterFunc(20*time.Millisecond, func() { cancel(exit.Interrupt{Signal: os.Interrupt}) })
		return errors.New("no")
	})
	f.on("cleanup", func(ctx context.Context) error { return ctx.Err() })
	done := f.execute(t, ctx)
	require.Equal(t, "keep-beta", done.Stages[2].Name)
	require.Equal(t, map[string]report.Result{"build": report.Passed, "functional": report.Failed, "keep-beta": report.Passed, "cleanup": report.Passed}, results(done))
	require.Equal(t, 11, done.ExitCode, "the signal ended the look, not the run")
}
