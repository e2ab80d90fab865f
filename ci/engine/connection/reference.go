package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/slipway-cd/slipway/ci/exit"
)

const (
	// engineHost names an engine that runs already; the SDK and the sandbox read it.
	engineHost = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"
	// engineSession is set in what an engine runs itself: its session is used then, and no other.
	engineSession = "DAGGER_SESSION_PORT"
)

// Name hands an engine, as --engine names it, to the SDK, and to the sandbox, which then starts none of its own.
func Name(ref string) error {
	if err := checkEngine(ref); err != nil {
		return exit.Usagef("--engine %q: %w", ref, err)
	}
	if os.Getenv(engineSession) != "" {
		return exit.Usagef("--engine: this process runs in a session of an engine, and uses that one: name it to the `dagger` that began the session, as %s", engineHost)
	}
	return os.Setenv(engineHost, ref)
}

// engineForms are those of --engine. The SDK knows others: some would start an engine.
const engineForms = "kube-pod://POD?namespace=NAME&context=NAME, tcp://HOST:PORT, unix:///PATH or docker-container://NAME"

var (
	podName       = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
	containerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)
)

// checkEngine says what is wrong with a reference to an engine.
func checkEngine(ref string) error {
	at, err := url.Parse(ref)
	if err != nil {
		return errors.New("is no URL: write " + engineForms)
	}
	query, err := url.ParseQuery(at.RawQuery)
	if err != nil || at.User != nil || at.Fragment != "" {
		return errors.New("is malformed: write " + engineForms)
	}
	var ok bool
	switch at.Scheme {
	case "kube-pod":
		ok = podName.MatchString(at.Host) && at.Path == ""
		for _, key := range []string{"namespace", "container"} {
			ok = ok && (!query.Has(key) || podName.MatchString(query.Get(key)))
			query.Del(key)
		}
		query.Del("context")
	case "tcp":
		port, err := strconv.ParseUint(at.Port(), 10, 16)
		ok = at.Hostname() != "" && err == nil && port > 0 && at.Path == ""
	case "unix":
		ok = at.Host == "" && len(at.Path) > 1
	case "docker-container":
		ok = containerName.MatchString(at.Host) && at.Path == ""
	default:
		return errors.New("has no scheme that is known here: write " + engineForms)
	}
	if !ok || len(query) > 0 {
		return errors.New("is malformed: write " + engineForms)
	}
	return nil
}

// reachEngine finds out that no engine can be reached there, and why: the SDK would try for
// minutes, and tells nothing of what went wrong. Of what it does not know it says nothing.
func reachEngine(ctx context.Context, named string) error {
	at, err := url.Parse(named)
	if err != nil {
		return fmt.Errorf("%s=%q is not a URL", engineHost, named)
	}
	switch at.Scheme {
	case "unix":
		err = dial(ctx, "unix", at.Path)
	case "tcp":
		err = dial(ctx, "tcp", at.Host)
	case "kube-pod": // the SDK's own command, as are their arguments
		query := at.Query()
		err = dialThrough(ctx, "kubectl", "--context="+query.Get("context"), "--namespace="+query.Get("namespace"),
			"exec", "--container="+query.Get("container"), "-i", at.Host, "--", "buildctl", "dial-stdio")
	case "docker-container":
		err = dialThrough(ctx, "docker", "exec", "-i", at.Host, "buildctl", "dial-stdio")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", named, err)
	}
	return nil
}

func dial(ctx context.Context, network, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// dialThrough connects by a program and hangs up; its last line says why that did not work.
func dialThrough(ctx context.Context, program string, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return fmt.Errorf("%s, which leads there, cannot be run: %w", program, errors.Unwrap(err))
	}
	var said strings.Builder
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if why := strings.TrimSpace(lines[len(lines)-1]); why != "" {
			return fmt.Errorf("%s: %s", program, why)
		}
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}
