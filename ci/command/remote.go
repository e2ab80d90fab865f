package command

import (
	"context"
	"net/url"
	"strings"
)

// remote is the URL of the repository from which the source was cloned, without credentials; empty where there is none.
func (f *flags) remote(ctx context.Context) string {
	text, err := git(ctx, f.home(), "config", "--get", "remote.origin.url")
	if err != nil {
		return ""
	}
	return withoutCredentials(text)
}

// withoutCredentials writes a remote as a URL that names nobody: https://HOST/PATH, ssh://HOST/PATH. A path on this machine is
// nobody's business.
func withoutCredentials(remote string) string {
	if at, err := url.Parse(remote); err == nil && at.Host != "" {
		at.User, at.RawQuery, at.Fragment = nil, "", ""
		return at.String()
	}
	// git's short form: [USER@]HOST:PATH
	if host, path, ok := strings.Cut(remote, ":"); ok && host != "" && !strings.ContainsAny(host, `/\`) {
		_, name, found := strings.Cut(host, "@")
		if !found {
			name = host
		}
		return "ssh://" + name + "/" + strings.TrimPrefix(path, "/")
	}
	return ""
}
