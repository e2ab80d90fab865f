package git

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheRepositorysPageIsTakenFromItsRemoteWithoutCredentials(t *testing.T) {
	t.Parallel()
	for remote, page := range map[string]string{
		"https://github.com/team/app.git":                        "https://github.com/team/app",
		"https://gitlab-ci-token:s3cr3t@gitlab.com/team/app.git": "https://gitlab.com/team/app",
		"http://git.internal:3000/team/app":                      "http://git.internal:3000/team/app",
		"git@github.com:team/app.git":                            "https://github.com/team/app",
		"ssh://git@github.com:22/team/app.git":                   "https://github.com/team/app",
		"github.com:team/app":                                    "https://github.com/team/app",
		"/srv/git/app.git":                                       "",
		"../app":                                                 "",
		"file:///srv/git/app.git":                                "",
	} {
		require.Equal(t, page, PageOf(remote), remote)
	}
}
