// Package write sends one change to the API server, under the conditions that it was
// planned with, and waits until what it deletes is gone. It does not decide what is
// written.
package write

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Action is what happened to an object.
type Action string

// The actions of interface.md.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
	Restored   Action = "restored"
)

// Change says what happened to one object.
type Change struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Action    Action `json:"action"`
	Note      string `json:"note,omitempty"` // what was done otherwise than asked, and why

	Respecified bool `json:"-"` // its spec is another than before: the server counted a generation
}

// String names the object.
func (c Change) String() string { return managed.Name(c.Kind, c.Namespace, c.Name) }

func ChangeOf(object *unstructured.Unstructured, action Action) Change {
	return Change{Namespace: object.GetNamespace(), Kind: object.GetKind(), Name: object.GetName(), Action: action}
}
