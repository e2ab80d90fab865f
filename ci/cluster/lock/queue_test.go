package lock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestTicketsAreOrderedByCreationThenByTheirOwnTimeThenByName(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0)
	ticket := func(name string, created, begun time.Time) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(created)},
			Spec: coordinationv1.LeaseSpec{AcquireTime: ptr.To(metav1.NewMicroTime(begun))}}
	}
	inOrder := []*coordinationv1.Lease{
		ticket("z", at, at.Add(time.Hour)),
		ticket("y", at.Add(time.Second), at),
		ticket("a", at.Add(time.Second), at.Add(time.Microsecond)),
		ticket("b", at.Add(time.Second), at.Add(time.Microsecond)),
	}
	for i, a := range inOrder {
		for j, b := range inOrder {
			require.Equal(t, i < j, byAge(a, b) < 0, "%s %s", a.Name, b.Name)
		}
	}
}
