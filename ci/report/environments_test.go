package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnEnvironmentIsAsTheFirstStageThereThatDidNotPass(t *testing.T) {
	t.Parallel()
	stage := func(name string, result Result) Stage { return Stage{Name: name, Environment: "eu", Result: result} }
	for name, c := range map[string]struct {
		stages []Stage
		want   Result
	}{
		"verified":             {[]Stage{stage("deploy-eu", Passed), stage("verify-eu", Passed)}, Passed},
		"not reached":          {[]Stage{stage("deploy-eu", Skipped), stage("verify-eu", Skipped)}, Skipped},
		"undone":               {[]Stage{stage("deploy-eu", Failed), stage("verify-eu", Skipped), stage("undo-eu", Passed)}, Failed},
		"only recovered":       {[]Stage{stage("recover-eu", Passed), stage("deploy-eu", Skipped)}, Skipped},
		"not recovered":        {[]Stage{stage("recover-eu", Failed), stage("deploy-eu", Skipped)}, Failed},
		"an optional step":     {[]Stage{stage("deploy-eu", Passed), {Name: "load-eu", Environment: "eu", Result: Failed, Optional: true}, stage("verify-eu", Passed)}, Passed},
		"stages of another":    {[]Stage{stage("deploy-eu", Passed), stage("verify-eu", Passed), {Name: "deploy-us", Environment: "us", Result: Failed}}, Passed},
		"stopped, then undone": {[]Stage{stage("deploy-eu", Interrupted), stage("undo-eu", Passed)}, Interrupted},
	} {
		judged := Report{Stages: c.stages, Environments: []Environment{{Name: "eu"}}}.Judged()
		require.Equal(t, c.want, judged.Environments[0].Result, name)
	}
}
