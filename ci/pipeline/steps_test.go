package pipeline

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
)

// everywhere are steps at all places, named by these.
var everywhere = []description.Step{
	{Name: "told", At: description.Always}, {Name: "scanned", At: description.AfterBuild}, {Name: "agreed", At: description.BeforeRelease},
	{Name: "saved", At: description.BeforeDeploy}, {Name: "loaded", At: description.AfterDeploy}, {Name: "published", At: description.AfterProduction},
}

func namesOf(stages []Stage) (names []string) {
	for _, stage := range stages {
		names = append(names, stage.Name)
	}
	return names
}

func TestStepsStandBetweenTheStagesOfARunAndOfAPromotionOnly(t *testing.T) {
	t.Parallel()
	r := &Run{app: description.Application{Steps: everywhere}}
	require.Equal(t, []string{"build", "scanned", "functional", "agreed", "release", "saved", "deploy", "loaded", "production", "published", "record", "told", "cleanup"}, namesOf(r.Stages()))
	require.Equal(t, []string{"build", "saved", "deploy", "loaded", "production", "published", "record", "told", "cleanup"}, namesOf(r.PromotionStages()))
	require.Equal(t, []string{"build", "rollback", "production", "cleanup"}, namesOf(r.RollbackStages()))
	require.Equal(t, []string{"build", "functional", "release", "deploy", "production"}, StageNames())
}

func TestNoStepCanHaveTheNameOfAStage(t *testing.T) {
	t.Parallel()
	r := &Run{app: description.Application{Steps: everywhere}}
	for _, stages := range [][]Stage{r.Stages(), r.RollbackStages(), r.RecoverStages()} {
		for _, stage := range stages {
			if stage.With != "" && stage.Name != "record" {
				continue
			}
			_, err := description.Parse([]byte("name: shop\nsteps: [{name: " + stage.Name + ", at: always, target: a}]\n"))
			require.ErrorContains(t, err, "a stage of the pipeline has this name")
		}
	}
}

// stepped is a pipeline with a stage that belongs to another, and one that is always run.
func stepped(t *testing.T) *fake {
	f := newFake(t, "build", "scanned", "release", "agreed", "told")
	f.stages[1].With, f.stages[3].With, f.stages[3].Optional, f.stages[4].Always = "build", "release", true, true
	f.opts.Until = "release"
	return f
}

func TestUntilReachesTheStepsAfterItsStage(t *testing.T) {
	t.Parallel()
	f := stepped(t)
	f.opts.Until = "build"
	done := f.execute(t, t.Context())
	require.Equal(t, []string{"build", "scanned", "told", "cleanup"}, f.ran)
	require.Equal(t, "not requested: --until build", done.Stages[3].Detail)
}

func TestAStepThatFailsEndsTheRunAndThoseThatAlwaysRunKnowOfIt(t *testing.T) {
	t.Parallel()
	f := stepped(t)
	f.on("scanned", func(context.Context) error { return errors.New("no") })
	var told report.Result
	f.on("told", func(context.Context) error { told = f.report.SoFar(); return nil })
	done := f.execute(t, t.Context())
	require.Equal(t, []string{"build", "scanned", "told", "cleanup"}, f.ran)
	require.Equal(t, 11, done.ExitCode)
	require.Equal(t, report.Failed, told)
}

func TestAnOptionalStepThatFailsIsOnlyReported(t *testing.T) {
	t.Parallel()
	f := stepped(t)
	f.on("agreed", func(context.Context) error { return errors.New("no") })
	var told report.Result
	f.on("told", func(context.Context) error { told = f.report.SoFar(); return nil })
	done := f.execute(t, t.Context())
	require.Equal(t, exit.Done, done.ExitCode)
	require.Equal(t, report.Passed, done.Result)
	require.Equal(t, report.Passed, told)
	require.Equal(t, report.Failed, results(done)["agreed"])
	require.Equal(t, "no", done.Stages[3].Cause)
	junit, err := os.ReadFile(f.env.Dir.Path() + "/junit.xml")
	require.NoError(t, err)
	require.NotContains(t, string(junit), "<failure", "a vendor would fail the job")
	require.Contains(t, string(junit), "failed, and is optional: no")
}

func TestASignalEndsARunEvenInAnOptionalStep(t *testing.T) {
	t.Parallel()
	f := stepped(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	f.on("agreed", func(ctx context.Context) error {
		cancel(exit.Interrupt{Signal: os.Interrupt})
		<-ctx.Done()
		return ctx.Err()
	})
	done := f.execute(t, ctx)
	require.Equal(t, exit.Interrupted, done.ExitCode)
	require.True(t, f.stopped, "a step that always runs needs a session of its own")
}
