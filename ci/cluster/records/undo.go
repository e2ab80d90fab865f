package records

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/history"
)

const (
	undoPrefix = "slipway-undo-"
	undoField  = "undo"   // gzipped JSON of UndoRecord without Former
	fieldsBack = "former" // gzipped JSON, a List that kubectl can apply
	takenField = "taken"  // gzipped JSON, a List that kubectl can replace with; absent when there is none
)

// UndoRecord is the way back of one run: what it is about to change in a namespace, and
// what that was before. It is written before the first change, so that whoever
// finds it can finish what its run no longer can. It may hold Secrets and is
// therefore kept in one, slipway-undo-RUN.
type UndoRecord struct {
	Namespace string    `json:"namespace"`
	Run       string    `json:"run"`
	Version   string    `json:"version"`          // that the run brings
	Back      string    `json:"back"`             // that was there before; empty for a first deploy
	Number    int32     `json:"number,omitempty"` // of the lease under which the run changes the namespace; 0 in an older version's record
	Time      time.Time `json:"time"`
	// Deploy tells whoever recovers the run what to note of it; empty in an older version's record.
	Deploy  history.Deploy `json:"deploy,omitzero"`
	Created []managed.Ref  `json:"created"` // did not exist: they go, if Label is on them
	// Ended are Jobs that had ended before the run changes them, makes them anew or prunes
	// them. The way back never makes one: it would run again, on data that may no longer
	// be what it was written for. Those that the run made in their place go.
	Ended    []managed.Ref `json:"ended,omitempty"`
	Label    string        `json:"label"`    // the run that the created objects are labelled with: a rollback writes those of a former run
	Prefixes []string      `json:"prefixes"` // of the claims that Kubernetes makes for created StatefulSets; they go too,
	Claims   []managed.Ref `json:"claims"`   // but for these, which were there before
	// Nobodys are values that the run overwrites and that neither we nor another
	// manager had set: an Ingress's class by default, for example.
	Nobodys []*unstructured.Unstructured `json:"nobodys,omitempty"`
	// Ports are node ports that the API server had chosen for Services which lose them.
	Ports []*unstructured.Unstructured `json:"ports,omitempty"`
	// Former are the objects to be changed or pruned, reduced to what we had set on them.
	Former []*unstructured.Unstructured `json:"-"`
	// Taken are the objects whose fields the run takes over from other managers, whole
	// and with the record of who had set which field.
	Taken []*unstructured.Unstructured `json:"-"`

	stored stored
}

// SaveUndo records how to go back from what the plan will change. u tells the run;
// the rest is filled in and returned. That there is room for this record, and for that
// of the release which is to come, is found out before anything is written.
func SaveUndo(ctx context.Context, c *cluster.Cluster, u UndoRecord, plan *apply.Plan, next Release) (UndoRecord, error) {
	u.Time = c.Now()
	u.stored = stored{namespace: u.Namespace, name: undoPrefix + u.Run} // also for whoever is interrupted before it is written
	var created []*unstructured.Unstructured
	for _, p := range plan.Objects {
		switch {
		case p.Change.Action == write.Unchanged:
		case p.Live == nil:
			created = append(created, p.Object)
			u.Label = p.Object.GetLabels()[managed.LabelRun]
			u.Created = append(u.Created, managed.RefOf(p.Object))
		case p.Replaces:
			u.Label = p.Object.GetLabels()[managed.LabelRun]
			u.rememberEnded(p.Live)
		case p.Upgraded != nil:
			u.Taken = append(u.Taken, asTaken(p.Live))
		default:
			u.rememberEnded(p.Live)
			u.Former = append(u.Former, managed.OwnedFields(p.Live))
			if values := managed.Overwritten(p.Live, p.Object); values != nil {
				u.Nobodys = append(u.Nobodys, values)
			}
			if ports := allocated(p.Live, p.Object); ports != nil {
				u.Ports = append(u.Ports, ports)
			}
		}
	}
	for _, live := range plan.Pruned {
		if !u.rememberEnded(live) {
			u.Former = append(u.Former, managed.OwnedFields(live))
		}
	}
	var err error
	u.Prefixes = claimPrefixes(created)
	if u.Claims, err = claimsOf(ctx, c, u.Namespace, u.Prefixes); err != nil {
		return u, err
	}
	made, err := u.record()
	if err != nil {
		return u, err
	}
	if err := checkRoom(ctx, c, plan, made, next); err != nil {
		return u, err
	}
	err = writeRecord(ctx, c, made)
	u.stored = made.stored
	return u, err
}

// rememberEnded reports whether the live object is a Job that has ended.
func (u *UndoRecord) rememberEnded(live *unstructured.Unstructured) bool {
	ended := rollout.IsJob(live) && rollout.HasEnded(live)
	if ended {
		u.Ended = append(u.Ended, managed.RefOf(live))
	}
	return ended
}

func (u UndoRecord) record() (*record, error) {
	made := &record{kind: "undo", number: u.Number, stored: stored{namespace: u.Namespace, name: undoPrefix + u.Run}}
	packed, err := pack(u)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", made.stored.object(), err)
	}
	made.fields = map[string][]byte{undoField: packed}
	for field, objects := range map[string][]*unstructured.Unstructured{fieldsBack: u.Former, takenField: u.Taken} {
		if field == takenField && len(objects) == 0 {
			continue
		}
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion("v1")
		list.SetKind("List")
		for _, object := range objects {
			list.Items = append(list.Items, *object)
		}
		if made.fields[field], err = pack(list.UnstructuredContent()); err != nil {
			return nil, fmt.Errorf("%s: %w", made.stored.object(), err)
		}
	}
	return made, nil
}

// Undos returns the undo records of a namespace, newest first: what runs under
// way, or killed ones, are changing there. Those that cannot be read come apart.
func Undos(ctx context.Context, c *cluster.Cluster, namespace string) ([]UndoRecord, []Broken, error) {
	undos, bad, err := readRecords(ctx, c, namespace, "undo", func(fields map[string][]byte, at stored) (UndoRecord, error) {
		u, err := readUndo(fields)
		u.Namespace, u.stored = at.namespace, at
		return u, err
	})
	slices.SortFunc(undos, func(a, b UndoRecord) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), b.Time.Compare(a.Time)) // runs' clocks may differ
	})
	return undos, bad, err
}

func readUndo(fields map[string][]byte) (UndoRecord, error) {
	u, err := unpack[UndoRecord](fields[undoField])
	if err != nil {
		return u, err
	}
	if u.Former, err = readList(fields[fieldsBack]); err != nil || fields[takenField] == nil {
		return u, err
	}
	u.Taken, err = readList(fields[takenField])
	return u, err
}

func readList(packed []byte) (objects []*unstructured.Unstructured, err error) {
	content, err := unpack[map[string]any](packed)
	if err != nil {
		return nil, err
	}
	list := &unstructured.UnstructuredList{}
	list.SetUnstructuredContent(content)
	for i := range list.Items {
		objects = append(objects, &list.Items[i])
	}
	return objects, named(objects)
}

// ForgetUndo removes the record: what it leads back from is verified, or undone.
func ForgetUndo(ctx context.Context, c *cluster.Cluster, u UndoRecord) error {
	return forgetRecord(ctx, c, u.stored)
}

// ByHand returns the commands by which a person can do what the record says.
func (u UndoRecord) ByHand() []string {
	var out []string
	if len(u.Former) > 0 {
		out = append(out, u.readByHand(fieldsBack)+" | kubectl apply --server-side --force-conflicts --field-manager "+managed.FieldManager+" -f -")
	}
	if len(u.Taken) > 0 {
		out = append(out, u.readByHand(takenField)+" | kubectl replace -f -")
	}
	var created []string
	for _, ref := range u.Created {
		created = append(created, strings.ToLower(ref.Kind)+"/"+ref.Name)
	}
	if len(created) > 0 {
		out = append(out, fmt.Sprintf("kubectl -n %s delete %s", u.Namespace, strings.Join(created, " ")))
	}
	if len(u.Ended) > 0 && u.Label != "" {
		out = append(out, fmt.Sprintf("kubectl -n %s delete job -l %s=%s", u.Namespace, managed.LabelRun, u.Label))
	}
	return append(out, fmt.Sprintf("kubectl -n %s delete secret %s%s", u.Namespace, undoPrefix, u.Run))
}

// readByHand is the command that prints the objects of a field.
func (u UndoRecord) readByHand(field string) string {
	read := fmt.Sprintf("%s%s -o jsonpath='{.data.%s}'", undoPrefix, u.Run, field)
	if id := u.stored.division.ID; id != "" { // listed in the order of their names
		read = fmt.Sprintf("-l %s=%s -o jsonpath='{.items[*].data.%s}' | tr -d ' '", labelParts, id, field)
	}
	return fmt.Sprintf("kubectl -n %s get secret %s | base64 -d | gunzip", u.Namespace, read)
}
