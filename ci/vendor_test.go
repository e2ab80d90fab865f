package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

func TestTheVendorNamesTheRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env         map[string]string
		vendor, run string // an empty run: one is made
	}{
		"a person's machine":         {nil, "", ""},
		"github, with its attempt":   {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17", "GITHUB_RUN_ATTEMPT": "2"}, "github", "17-2"},
		"github without an attempt":  {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17"}, "github", "17"},
		"github that tells no run":   {map[string]string{"GITHUB_ACTIONS": "true"}, "github", ""},
		"gitlab":                     {map[string]string{"GITLAB_CI": "true", "CI_JOB_ID": "99", "GITHUB_RUN_ID": "17"}, "gitlab", "99"},
		"variables without the mark": {map[string]string{"GITHUB_RUN_ID": "17", "CI_JOB_ID": "99"}, "", ""},
		"what fits no label":         {map[string]string{"GITLAB_CI": "true", "CI_JOB_ID": "_Job/99 "}, "gitlab", "job-99"},
		"only what fits no label":    {map[string]string{"GITLAB_CI": "true", "CI_JOB_ID": "///"}, "gitlab", ""},
		"long": {map[string]string{"GITLAB_CI": "true", "CI_JOB_ID": "0123456789012345678901234567890-2"}, "gitlab",
			"0123456789012345678901234567890"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vendor, run := vendorOf(func(name string) string { return c.env[name] })
			require.Equal(t, c.vendor, vendor)
			require.NoError(t, pipeline.CheckRun(run))
			if c.run != "" {
				require.Equal(t, c.run, run)
				return
			}
			_, other := vendorOf(func(name string) string { return c.env[name] })
			require.NotEqual(t, run, other)
			require.Len(t, run, 8)
		})
	}
}
