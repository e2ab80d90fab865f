package git

import (
	"context"
	"net/url"
	"strings"
)

// Remote is the URL of the repository from which a folder was cloned, without credentials; empty where there is none.
func Remote(ctx context.Context, folder string) string {
	text, err := Run(ctx, folder, "config", "--get", "remote.origin.url")
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

// PageOf returns the web page of a git remote, without the credentials that some CI
// vendors put into its URL; "" for a remote without a host.
func PageOf(remote string) string {
	remote = strings.TrimSuffix(remote, ".git")
	host, path, short := strings.Cut(remote, ":")
	if short && !strings.Contains(host, "/") && !strings.HasPrefix(path, "//") { // git@host:path
		return "https://" + host[strings.LastIndex(host, "@")+1:] + "/" + strings.TrimPrefix(path, "/")
	}
	at, err := url.Parse(remote)
	switch {
	case err != nil || at.Hostname() == "":
		return ""
	case at.Scheme == "http" || at.Scheme == "https":
		return at.Scheme + "://" + at.Host + at.Path
	}
	return "https://" + at.Hostname() + at.Path // ssh: its port is not that of the pages
}
