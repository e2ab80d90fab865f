package attestor

import (
	"slices"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/materials"
)

func (r Run) suiteOf(stage, name string, started time.Time) evidence.Suite {
	return evidence.Suite{Application: r.App.Name, Stage: stage, Name: name, Version: r.Version, Run: r.ID, Started: started}
}

// provenance tells how an image was built.
func (r Run) provenance(i artifact.Image, bases []evidence.Base, proof *Proof) evidence.Build {
	args := map[string]string{"VERSION": r.Version, "COMMIT": r.Commit}
	for name, value := range i.Args {
		args[name] = value
	}
	out := evidence.Build{
		Repository: r.Source, Dirty: r.Dirty,
		Dockerfile: i.Dockerfile, Target: i.Target, Context: i.Context, Platforms: i.Platforms, Args: args, Bases: bases,
		Engine: engine.Version, Vendor: r.Vendor, URL: r.URL, Run: r.ID,
		Started: proof.Built.Started, Finished: proof.Built.Finished,
	}
	if commits.IsHash(r.Commit) {
		out.Commit = r.Commit
	}
	return out
}

// results are those of the suites, under which conditions they ran.
func (a Attestor) results(known *Proof) []evidence.Results {
	built := &known.Built
	out := slices.Clone(known.suites)
	for i := range out {
		out[i].URL, out[i].Overlay, out[i].Cluster = a.Run.URL, a.Beta.Overlay, a.Beta.Cluster
		for n, suite := range a.Run.App.Tests.Functional {
			if suite.Name == out[i].Name && slices.Equal(suite.Command, out[i].Command) {
				out[i].Image = built.Suites[n]
			}
		}
		for _, address := range a.Beta.Addresses {
			if address.Stage == out[i].Stage {
				out[i].Addresses = append(out[i].Addresses, kindOf(address.FoundBy))
			}
		}
	}
	return out
}

// checks are the checks as one more suite; none where there are none.
func (r Run) checks(built *materials.Materials) []evidence.Results {
	if len(r.App.Checks) == 0 {
		return nil
	}
	out := evidence.Results{Suite: r.suiteOf("build", "checks", built.Started), URL: r.URL, Passed: r.App.CheckNames()}
	out.Finished = built.Finished
	return []evidence.Results{out}
}

// kindOf is the kind of object that an address was found by.
func kindOf(foundBy string) string {
	kind := strings.TrimPrefix(foundBy, "port-forward to ")
	kind, _, _ = strings.Cut(kind, " ")
	return kind
}

// SuitesOf are the suites that a beta of a rendered overlay is tested by in a cluster; one of no name where there are none and its
// health is asked.
func (p *Proof) SuitesOf(app description.Application, overlay, cluster string) (out []evidence.Suite) {
	under := evidence.Suite{Stage: evidence.Functional, Overlay: overlay, Cluster: cluster}
	for n, suite := range app.Tests.Functional {
		of := under
		of.Name, of.Command = suite.Name, suite.Command
		if n < len(p.Built.Suites) {
			of.Image = p.Built.Suites[n]
		}
		out = append(out, of)
	}
	if len(out) == 0 {
		return []evidence.Suite{under}
	}
	return out
}
