package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
)

const (
	undoPrefix = "slipway-undo-"
	undoType   = "slipway.dev/undo"
	undoField  = "undo"   // gzipped JSON of UndoRecord without Former
	fieldsBack = "former" // gzipped JSON, a List that kubectl can apply
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
	Created   []Ref     `json:"created"`  // did not exist: they go, if Label is on them
	Label     string    `json:"label"`    // the run that the created objects are labelled with: a rollback writes those of a former run
	Prefixes  []string  `json:"prefixes"` // of the claims that Kubernetes makes for created StatefulSets; they go too,
	Claims    []Ref     `json:"claims"`   // but for these, which were there before
	// Nobodys are values that the run overwrites and that neither we nor another
	// manager had set: an Ingress's class by default, for example.
	Nobodys []*unstructured.Unstructured `json:"nobodys,omitempty"`
	// Former are the objects to be changed or pruned, reduced to what we had set on them.
	Former []*unstructured.Unstructured `json:"-"`
}

// SaveUndo records how to go back from what the plan will change. u tells the run;
// the rest is filled in and returned.
func (c *Cluster) SaveUndo(ctx context.Context, u UndoRecord, plan *Plan) (UndoRecord, error) {
	u.Time = c.Now()
	var created []*unstructured.Unstructured
	for _, p := range plan.objects {
		switch {
		case p.change.Action == Unchanged:
		case p.live == nil:
			created = append(created, p.object)
			u.Label = p.object.GetLabels()[LabelRun]
			u.Created = append(u.Created, refOf(p.object))
		default:
			u.Former = append(u.Former, ownedFields(p.live))
			if values := overwritten(p.live, p.object); values != nil {
				u.Nobodys = append(u.Nobodys, values)
			}
		}
	}
	for _, live := range plan.pruned {
		u.Former = append(u.Former, ownedFields(live))
	}
	var err error
	u.Prefixes = claimPrefixes(created)
	if u.Claims, err = c.claimsOf(ctx, u.Namespace, u.Prefixes); err != nil {
		return u, err
	}
	return u, c.writeUndo(ctx, u)
}

func (c *Cluster) writeUndo(ctx context.Context, u UndoRecord) error {
	record := name("Secret", u.Namespace, undoPrefix+u.Run)
	packed, err := pack(u)
	if err != nil {
		return fmt.Errorf("%s: %w", record, err)
	}
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("v1")
	list.SetKind("List")
	for _, object := range u.Former {
		list.Items = append(list.Items, *object)
	}
	former, err := pack(list.UnstructuredContent())
	if err != nil {
		return fmt.Errorf("%s: %w", record, err)
	}
	secret := applycorev1.Secret(undoPrefix+u.Run, u.Namespace).
		WithLabels(map[string]string{LabelManagedBy: FieldManager, LabelRecord: "undo"}).
		WithType(undoType).WithData(map[string][]byte{undoField: packed, fieldsBack: former})
	_, err = c.typed.CoreV1().Secrets(u.Namespace).Apply(ctx, secret, metav1.ApplyOptions{FieldManager: FieldManager})
	return fromAPI(ctx, record, "record the way back", err)
}

// Undos returns the undo records of a namespace, newest first: what runs under
// way, or killed ones, are changing there.
func (c *Cluster) Undos(ctx context.Context, namespace string) ([]UndoRecord, error) {
	list, err := c.typed.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: LabelRecord + "=undo"})
	if err != nil {
		return nil, fromAPI(ctx, "namespace "+namespace, "list undo records", err)
	}
	undos := make([]UndoRecord, len(list.Items))
	for i := range list.Items {
		if undos[i], err = readUndo(&list.Items[i]); err != nil {
			return nil, &Error{Class: Misconfigured, Object: name("Secret", namespace, list.Items[i].Name), Cause: "is no undo record: " + err.Error(),
				Try: "delete it, if production is as it should be", Err: err}
		}
	}
	slices.SortFunc(undos, func(a, b UndoRecord) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), b.Time.Compare(a.Time)) // runs' clocks may differ
	})
	return undos, nil
}

func readUndo(secret *corev1.Secret) (UndoRecord, error) {
	u, err := unpack[UndoRecord](secret.Data[undoField])
	if err != nil {
		return u, err
	}
	content, err := unpack[map[string]any](secret.Data[fieldsBack])
	if err != nil {
		return u, err
	}
	list := &unstructured.UnstructuredList{}
	list.SetUnstructuredContent(content)
	for i := range list.Items {
		u.Former = append(u.Former, &list.Items[i])
	}
	u.Namespace = secret.Namespace
	return u, named(u.Former)
}

// ForgetUndo removes the record: what it leads back from is verified, or undone.
func (c *Cluster) ForgetUndo(ctx context.Context, u UndoRecord) error {
	err := c.typed.CoreV1().Secrets(u.Namespace).Delete(ctx, undoPrefix+u.Run, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return fromAPI(ctx, name("Secret", u.Namespace, undoPrefix+u.Run), "forget the way back", err)
}

// ByHand returns the commands by which a person can do what the record says.
func (u UndoRecord) ByHand() []string {
	var out []string
	if len(u.Former) > 0 {
		out = append(out, fmt.Sprintf("kubectl -n %s get secret %s%s -o jsonpath='{.data.%s}' | base64 -d | gunzip | kubectl apply --server-side --force-conflicts --field-manager %s -f -",
			u.Namespace, undoPrefix, u.Run, fieldsBack, FieldManager))
	}
	var created []string
	for _, ref := range u.Created {
		created = append(created, strings.ToLower(ref.Kind)+"/"+ref.Name)
	}
	if len(created) > 0 {
		out = append(out, fmt.Sprintf("kubectl -n %s delete %s", u.Namespace, strings.Join(created, " ")))
	}
	return append(out, fmt.Sprintf("kubectl -n %s delete secret %s%s", u.Namespace, undoPrefix, u.Run))
}
