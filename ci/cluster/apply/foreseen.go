package apply

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Foreseen is what the server would say to the objects of a run, of beta and production.
type Foreseen struct {
	mutex sync.Mutex
	all   Admission
}

// Add leaves out what is about the digest of an image that is not built yet: a policy may
// look for it in the registry.
func (f *Foreseen) Add(said Admission, unbuilt string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, refused := range said.Refused {
		if !strings.Contains(refused.Error(), unbuilt) {
			f.all.Refused = append(f.all.Refused, refused)
		}
	}
	f.all.Warnings = append(f.all.Warnings, said.Warnings...)
}

// Refusal is all that would be refused, nil if nothing would.
func (f *Foreseen) Refusal() error {
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

// Warnings are what the server warns about.
func (f *Foreseen) Warnings() []string { return f.all.Warnings }
