package apply

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// Admission is what the server would say to objects that are not written yet.
type Admission struct {
	Refused  []error  // one of each object at fault
	Warnings []string // what it would take and warns about, each beginning with its object
}

// Admit asks the server, by dry runs, about all objects that it does not have as they are:
// before an image is built, whose digest they will name. Of each it tells what it would
// refuse, at the pods of a workload, too, as far as the namespace's Pod Security says; not
// what a quota leaves no room for now. A field that others have set is the error of
// NewPlan; any other error means that the server could not be asked. Nothing is written.
func Admit(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, opts Options) (Admission, error) {
	c.Define(objects)
	var out Admission
	var all []*Planned
	for _, object := range objects {
		found, err := c.Resource(ctx, object)
		switch {
		case cluster.IsNoKind(err):
			out.Refused = append(out.Refused, err)
		case err != nil:
			return out, err
		default:
			all = append(all, &Planned{Object: object.DeepCopy(), Resource: found, Change: write.ChangeOf(object, "")})
		}
	}
	if err := readLive(ctx, c, all); err != nil {
		return out, err
	}
	if err := adopt(all, opts); err != nil {
		return out, err
	}
	all = slices.DeleteFunc(all, func(p *Planned) bool {
		return p.Live != nil && (p.Live.GetDeletionTimestamp() != nil || managed.AsApplied(p.Live, p.Object) && p.Upgraded == nil)
	})
	asked, err := askAll(ctx, c, all)
	if err != nil {
		return out, err
	}
	if err := refuseConflicts(all); err != nil {
		return out, err
	}
	enforced := levels{c: c}
	for _, a := range asked {
		if a.refused != nil {
			out.Refused = append(out.Refused, a.refused)
		}
		for _, warning := range a.warnings {
			if refusal := enforced.refusal(ctx, a.Object, warning); refusal != nil {
				out.Refused = append(out.Refused, refusal)
			} else {
				out.Warnings = append(out.Warnings, managed.Describe(a.Object)+": "+warning)
			}
		}
	}
	return out, nil
}

// answered is what the server said to one object.
type answered struct {
	*Planned
	refused  error
	warnings []string
}

// askAll dry-runs the objects but those whose namespace or kind is among them.
func askAll(ctx context.Context, c *cluster.Cluster, objects []*Planned) ([]answered, error) {
	namespaces, kinds := absentNamespaces(objects), absentKinds(objects)
	objects = toDryRun(slices.DeleteFunc(slices.Clone(objects), func(p *Planned) bool {
		return slices.Contains(namespaces, p.Object.GetNamespace()) || slices.Contains(kinds, p.Object.GroupVersionKind().GroupKind())
	}))
	out := make([]answered, len(objects))
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(cluster.Parallel)
	for i, p := range objects {
		group.Go(func() error {
			heard, warnings := cluster.Warned(each)
			err := dryRun(heard, c, p)
			out[i] = answered{Planned: p, warnings: warnings.Said()}
			known := (*cluster.Error)(nil)
			switch {
			case err == nil:
			case !errors.As(err, &known) || known.Class != cluster.Admission && known.Class != cluster.Misconfigured:
				return err
			case !strings.Contains(known.Cause, "exceeded quota"):
				out[i].refused = leftOut(known)
			}
			return nil
		})
	}
	return out, group.Wait()
}

// leftOut says of a kind that these credentials may not write that bootstrap gives no
// right to it on purpose: nobody could pass on rights that a pipeline has not.
func leftOut(refused *cluster.Error) *cluster.Error {
	if !apierrors.IsForbidden(refused.Err) || !strings.Contains(refused.Cause, " cannot ") {
		return refused
	}
	out := *refused
	out.Try = "leave it out of the overlay for an administrator to apply once, or have one give this right to the account"
	return &out
}

// levels are the Pod Security levels that namespaces enforce, read when asked for.
type levels struct {
	c     *cluster.Cluster
	known map[string]string
}

// podSecurity is how a warning about a workload begins, whose pods would be refused where
// the level is enforced (https://kubernetes.io/docs/concepts/security/pod-security-admission/).
var podSecurity = regexp.MustCompile(`^would violate PodSecurity "(\w+):`)

// refusal returns the error that a warning foretells, nil if its pods would be taken. A
// namespace that these credentials may not read enforces nothing that is known.
func (l *levels) refusal(ctx context.Context, object *unstructured.Unstructured, warning string) error {
	level := podSecurity.FindStringSubmatch(warning)
	if level == nil || level[1] != l.enforced(ctx, object.GetNamespace()) {
		return nil
	}
	return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(object), Cause: "its pods " + warning,
		Try: "set these fields in the overlay"}
}

func (l *levels) enforced(ctx context.Context, namespace string) string {
	if level, known := l.known[namespace]; known {
		return level
	}
	if l.known == nil {
		l.known = map[string]string{}
	}
	found, err := l.c.Typed.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
	if err == nil {
		l.known[namespace] = found.Labels["pod-security.kubernetes.io/enforce"]
	} else {
		l.known[namespace] = ""
	}
	return l.known[namespace]
}
