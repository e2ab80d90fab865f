package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Class says what kind of thing went wrong; every class has one exit code.
type Class string

// The classes of failure, in the order of the exit codes.
const (
	Misconfigured Class = "configuration" // kubeconfig, namespace or object that cannot be used as given
	Admission     Class = "admission"     // refused: permission, quota, Pod Security, webhook, field conflict
	Image         Class = "image"         // image cannot be pulled
	Crash         Class = "crash"         // container or Job ends with an error
	NeverReady    Class = "never ready"   // runs, but its readiness probe does not pass
	Unschedulable Class = "unschedulable" // no node takes the pod, or its volume is not provided
	NoAddress     Class = "no address"    // nothing answers at an address of the Ingress or Service
	Unreachable   Class = "unreachable"   // API server does not answer
	Timeout       Class = "timeout"       // deadline passed without a nameable cause
	Superseded    Class = "superseded"    // a newer version is there already
	Locked        Class = "locked"        // another run holds the lock
	Lost          Class = "lost"          // another run has taken the lock meanwhile
	Undo          Class = "undo"          // what was changed could not be put back
)

// Error is a failure with its cause: one sentence for people, a class for
// programs. Secret values never appear in it.
type Error struct {
	Class    Class
	Object   string   // "Deployment go-demo/api", or the flag or file at fault
	Cause    string   // one sentence, no period
	Evidence []string // what was seen: events, last log lines
	Try      string   // what the user can do, or empty
	Err      error    // underlying error, or nil
}

// Error returns object, cause and what to try in one line.
func (e *Error) Error() string {
	text := e.Cause
	if e.Object != "" {
		text = e.Object + ": " + text
	}
	if e.Try != "" {
		text += "; " + e.Try
	}
	return text
}

// Unwrap returns the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// legible says what is wrong with a file instead of which of the reader's types it
// did not fit; where its YAML is broken, the line tells.
func legible(err error) error {
	if _, unread := errors.AsType[*fs.PathError](err); unread {
		return err
	}
	if _, line, broken := strings.Cut(err.Error(), "yaml: "); broken {
		return errors.New("is not a kubeconfig: " + line)
	}
	return errors.New("is not a kubeconfig: want YAML with kind: Config, as `kubectl config view --raw` prints it")
}

func configError(cfg Config, err error) error {
	return &Error{Class: Misconfigured, Object: "kubeconfig " + cfg.Kubeconfig, Cause: OneLine(err.Error()), Err: err}
}

// connectError sorts the first request's failure: an answer that is a refusal
// is the kubeconfig's fault, no answer is the network's.
func connectError(cfg Config, host string, err error) error {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return &Error{Class: Misconfigured, Object: "kubeconfig " + cfg.Kubeconfig, Err: err,
			Cause: fmt.Sprintf("%s refuses its credentials: %s", host, OneLine(err.Error()))}
	}
	return &Error{Class: Unreachable, Object: "cluster " + host, Cause: NetworkCause(err), Err: err,
		Try: "check that it runs and that the kubeconfig names the right server"}
}

// FromAPI turns the error of a request about object into an *Error. What is no
// refusal and no network failure (a cancelled context) is only wrapped.
func FromAPI(ctx context.Context, object, doing string, err error) error {
	var known *Error
	var silent *unanswered
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &silent) && (ctx.Err() == nil || errors.Is(context.Cause(ctx), context.DeadlineExceeded)):
		return &Error{Class: Unreachable, Object: object, Cause: doing + ": the API server gave " + silent.Error(), Err: err}
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return &Error{Class: Timeout, Object: object, Cause: doing + ": deadline passed", Err: err}
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %s: %w", object, doing, context.Cause(ctx))
	case meta.IsNoMatchError(err):
		return &Error{Class: Misconfigured, Object: object, Cause: "the cluster does not know this kind: " + OneLine(err.Error()), Err: err}
	case isNetwork(err):
		return &Error{Class: Unreachable, Object: object, Cause: doing + ": " + NetworkCause(err), Err: err}
	}
	return fromStatus(object, doing, err)
}

// fromStatus classifies an answer of the API server.
func fromStatus(object, doing string, err error) error {
	text := OneLine(err.Error())
	out := &Error{Class: Admission, Object: object, Cause: text, Err: err}
	switch {
	case apierrors.IsUnauthorized(err):
		out.Class, out.Cause = Misconfigured, "the cluster refuses the kubeconfig's credentials"
	case apierrors.IsNotFound(err) && strings.HasPrefix(text, "namespaces "):
		out.Class, out.Cause, out.Try = Misconfigured, "its namespace does not exist", "run bootstrap"
	case apierrors.IsNotFound(err) && strings.Contains(text, "could not find the requested resource"):
		out.Class, out.Cause = Misconfigured, "the cluster does not know this kind"
	case apierrors.IsNotFound(err):
		out.Class = Misconfigured
	case managed.ConflictsOf(err) != nil:
		var fields []string
		for _, found := range managed.ConflictsOf(err) {
			fields = append(fields, found.String())
		}
		out.Cause = strings.Join(fields, "; ")
		out.Try = "start again: it was set since this was planned"
	case strings.Contains(text, "exceeded quota"):
		out.Try = "free some of the quota, or ask an administrator for more"
	case apierrors.IsForbidden(err) && strings.Contains(text, " cannot "):
		out.Try = "run bootstrap, or use credentials that may do this"
	case apierrors.IsTooManyRequests(err), apierrors.IsServerTimeout(err), apierrors.IsServiceUnavailable(err):
		out.Class, out.Cause = Unreachable, doing+": "+text
	}
	return out
}

// IsNoKind reports whether an error says that the cluster does not know the kind.
func IsNoKind(err error) bool {
	var known *Error
	return errors.As(err, &known) && meta.IsNoMatchError(known.Err)
}

func isNetwork(err error) bool {
	var network net.Error
	var request *url.Error
	return errors.As(err, &network) || errors.As(err, &request) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// NetworkCause leaves out the method and URL that *url.Error puts before the cause.
func NetworkCause(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return OneLine(err.Error())
}

func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
