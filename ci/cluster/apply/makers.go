package apply

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Maker is who set fields of objects that Slipway has not written yet.
type Maker struct {
	Who     string   `json:"who"`     // as a user calls it: "kubectl apply", "Helm (release shop)"
	Objects []string `json:"objects"` // by name: "Deployment shop/api"
}

// made is an object that is there, with what tells who made it.
type made struct {
	name   string
	object metav1.Object
}

// Makers returns who made those of the objects that are there and that we have never
// applied: who has a hand in the most comes first. Only metadata is read.
func Makers(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured) ([]Maker, error) {
	found := make([]metav1.Object, len(objects))
	reading, each := errgroup.WithContext(ctx)
	reading.SetLimit(cluster.Parallel)
	for i, object := range objects {
		reading.Go(func() error {
			at, err := c.Resource(each, object)
			if cluster.IsNoKind(err) {
				return nil // a kind that the cluster does not have yet
			}
			if err != nil {
				return err
			}
			live, err := c.Metadata.Resource(at.Gvr).Namespace(namespaceIn(at, object)).Get(each, object.GetName(), metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
				return nil
			case err != nil:
				return cluster.FromAPI(each, managed.Describe(object), "read", err)
			}
			found[i] = live
			return nil
		})
	}
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	var there []made
	for i, object := range objects {
		if found[i] != nil {
			there = append(there, made{managed.Describe(object), found[i]})
		}
	}
	return makersOf(there), nil
}

func namespaceIn(at cluster.Resource, object *unstructured.Unstructured) string {
	if !at.Namespaced {
		return ""
	}
	return object.GetNamespace()
}

// Makers returns who made what the plan finds there and we have never applied.
func (p *Plan) Makers() []Maker {
	var there []made
	for _, object := range p.Objects {
		if object.Live != nil {
			there = append(there, made{managed.Describe(object.Object), object.Live})
		}
	}
	return makersOf(there)
}

func makersOf(there []made) []Maker {
	by := map[string][]string{}
	for _, m := range there {
		if slices.ContainsFunc(m.object.GetManagedFields(), managed.IsOurs) {
			continue
		}
		for _, who := range whoMade(m.object) {
			by[who] = append(by[who], m.name)
		}
	}
	out := []Maker{}
	for _, who := range slices.Sorted(maps.Keys(by)) {
		out = append(out, Maker{Who: who, Objects: by[who]})
	}
	slices.SortStableFunc(out, func(a, b Maker) int { return cmp.Compare(len(b.Objects), len(a.Objects)) })
	return out
}
