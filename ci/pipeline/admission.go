package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
)

// foreseen is what the server would say to the objects of a run, of beta and production.
type foreseen struct {
	mutex sync.Mutex
	all   apply.Admission
}

// add leaves out what is about an image that is not built yet: a policy may look for it
// in the registry.
func (f *foreseen) add(said apply.Admission) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, refused := range said.Refused {
		if !strings.Contains(refused.Error(), artifact.NoDigest) {
			f.all.Refused = append(f.all.Refused, refused)
		}
	}
	f.all.Warnings = append(f.all.Warnings, said.Warnings...)
}

// refusal is all that would be refused, nil if nothing would.
func (f *foreseen) refusal() error {
	if len(f.all.Refused) < 2 {
		return errors.Join(f.all.Refused...)
	}
	out := &cluster.Error{Class: cluster.Misconfigured, Cause: fmt.Sprintf("the cluster would refuse %d objects", len(f.all.Refused)), Try: "correct all of them: nothing was built"}
	for _, refused := range f.all.Refused {
		if known := (*cluster.Error)(nil); errors.As(refused, &known) && known.Class == cluster.Admission {
			out.Class = cluster.Admission
		}
		out.Evidence = append(out.Evidence, refused.Error())
	}
	return out
}

// foreseeBeta asks the server about the beta's objects before anything is built.
func (r *Run) foreseeBeta(ctx context.Context, f *foreseen) error {
	beta, err := r.overlays().RenderBeta(r.images)
	if err != nil {
		return err
	}
	if err := r.checkIsolated(ctx, beta.Objects); err != nil {
		return err
	}
	said, err := apply.Admit(ctx, r.env.Build, beta.Objects, apply.Options{})
	said.Warnings = append(said.Warnings, beta.Names.Doubtful...)
	f.add(said)
	return err
}

// foreseeProduction does the same for production; fields there that others have set are
// an error of their own.
func (r *Run) foreseeProduction(ctx context.Context, f *foreseen) error {
	objects, err := r.overlays().RenderProduction(r.images)
	if err == nil {
		err = account.CheckIdentity(objects)
	}
	if err != nil {
		return err
	}
	said, err := apply.Admit(ctx, r.env.Production, objects, r.applyOptions())
	f.add(said)
	return err
}
