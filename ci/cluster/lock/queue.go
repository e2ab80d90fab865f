package lock

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// labelQueue, on a ticket, names the lock that its holder waits for. A ticket is a
// Lease of its own, renewed like any other, so that one that nobody renews tells
// of a dead process; the order of creation is the order of the queue.
const labelQueue = "slipway.dev/queue"

// queue is one wait for a lock.
type queue struct {
	cluster                 *cluster.Cluster
	namespace, lock, holder string
	leases                  *informer.Informer // all of the namespace: the lock and the tickets
	waiting                 func(holder string, place int)

	held   observed             // the lock
	others map[string]*observed // others' tickets, by name
	ticket *Lease               // ours
	name   string               // of our ticket

	toldHolder string
	toldPlace  int
}

func (q *queue) object() string { return managed.Name("Lease", q.namespace, q.lock) }

// step takes the lock if it is ours to take. Otherwise it returns how long nothing
// but a change can make a difference.
func (q *queue) step(ctx context.Context) (*Lease, time.Duration, error) {
	if q.ticket == nil || q.ticket.isLost() {
		return nil, leaseRetry, q.join(ctx)
	}
	own := leaseIn(q.leases, q.namespace, q.name)
	if own == nil {
		return nil, leaseRetry, nil // what came before it may not have been seen, either
	}
	now := time.Now()
	q.look(now)
	ahead := q.ahead(own)
	next := time.Hour
	for _, other := range ahead {
		left := q.left(other, now)
		if left <= 0 {
			q.remove(ctx, other)
			left = leaseRetry
		}
		next = min(next, left)
	}
	ahead = slices.DeleteFunc(ahead, func(other *observed) bool { return other.gone })
	q.tell(ahead)
	left := q.left(&q.held, now)
	switch {
	case left > 0:
		return nil, min(next, left), nil
	case len(ahead) > 0:
		return nil, next, nil
	}
	got, err := take(ctx, q.cluster, q.namespace, q.lock, q.holder, q.held.lease)
	return got, leaseRetry, err // if another was faster, its write is about to be seen
}

// look brings what is known of the lock and of others' tickets up to date.
func (q *queue) look(now time.Time) {
	q.held.see(leaseIn(q.leases, q.namespace, q.lock), now)
	live := map[string]bool{}
	for _, lease := range informer.ListOf[*coordinationv1.Lease](q.leases.List()) {
		if lease.Labels[labelQueue] != q.lock || lease.Name == q.name {
			continue
		}
		live[lease.Name] = true
		if q.others[lease.Name] == nil {
			q.others[lease.Name] = &observed{}
		}
		q.others[lease.Name].see(lease, now)
	}
	for ticket := range q.others {
		if !live[ticket] {
			delete(q.others, ticket)
		}
	}
}

// left is how long a lease is still held. While our own could not be renewed,
// nobody's could: that time does not count.
func (q *queue) left(o *observed, now time.Time) time.Duration {
	steady := q.ticket.steadySince()
	if steady.IsZero() {
		steady = now
	}
	if o.holder() != "" && o.since.Before(steady) {
		o.since = steady
	}
	return o.left(now)
}

// ahead returns the tickets that are older than ours, the oldest first. That of
// the lock's holder, about to be removed, does not count.
func (q *queue) ahead(own *coordinationv1.Lease) []*observed {
	var out []*observed
	for _, other := range q.others {
		if !other.gone && other.holder() != q.held.holder() && byAge(other.lease, own) < 0 {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, func(a, b *observed) int { return byAge(a.lease, b.lease) })
	return out
}

// byAge compares tickets by their creation. The server's clock tells seconds; for
// those of the same second the waiting processes' own clocks decide. Neither value
// ever changes, so that all who wait see the same order.
func byAge(a, b *coordinationv1.Lease) int {
	if order := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); order != 0 {
		return order
	}
	begun := func(l *coordinationv1.Lease) time.Time { return ptr.Deref(l.Spec.AcquireTime, metav1.MicroTime{}).Time }
	if order := begun(a).Compare(begun(b)); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

func (q *queue) tell(ahead []*observed) {
	holder := q.held.holder()
	if holder == "" && len(ahead) > 0 {
		holder = ahead[0].holder() // it is about to take the lock
	}
	if holder == "" || q.waiting == nil || (holder == q.toldHolder && len(ahead)+1 == q.toldPlace) {
		return
	}
	q.toldHolder, q.toldPlace = holder, len(ahead)+1
	q.waiting(q.toldHolder, q.toldPlace)
}

// join puts our ticket at the end of the queue; also again, when another took us
// for dead. Its name is our choice: if the answer is lost, the ticket is found.
func (q *queue) join(ctx context.Context) error {
	if q.ticket != nil || q.name == "" {
		q.ticket, q.name = nil, q.lock+"-"+strings.ToLower(rand.Text()[:8])
	}
	now := metav1.NewMicroTime(q.cluster.Now())
	sent := sinceBoot()
	made, err := writeLease(ctx, q.cluster, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: q.namespace, Name: q.name, Labels: map[string]string{managed.LabelManagedBy: managed.FieldManager, labelQueue: q.lock}},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &q.holder, AcquireTime: &now, RenewTime: &now, LeaseTransitions: ptr.To[int32](0),
			LeaseDurationSeconds: ptr.To(int32(q.cluster.Lasts() / time.Second))},
	})
	if apierrors.IsAlreadyExists(err) {
		made, err = q.cluster.Typed.CoordinationV1().Leases(q.namespace).Get(ctx, q.name, metav1.GetOptions{})
	}
	if err != nil {
		return unlessAway(cluster.FromAPI(ctx, managed.Name("Lease", q.namespace, q.name), "queue", err))
	}
	q.ticket = hold(ctx, q.cluster, made, sent)
	return nil
}

// leave removes our ticket. One that stays, because the server is away, is dead in
// 15 seconds.
func (q *queue) leave(ctx context.Context) {
	if q.ticket == nil {
		return
	}
	q.ticket.stop()
	q.ticket.renewer.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.cluster.Renewal())
	defer cancel()
	uid := q.ticket.current.UID
	_ = q.cluster.Typed.CoordinationV1().Leases(q.namespace).Delete(ctx, q.name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
}

// remove removes a dead ticket, unless it was renewed after all; only then it does
// not count any more. Who may not remove it leaves it out.
func (q *queue) remove(ctx context.Context, dead *observed) {
	only := &metav1.Preconditions{UID: &dead.lease.UID, ResourceVersion: &dead.lease.ResourceVersion}
	err := q.cluster.Typed.CoordinationV1().Leases(q.namespace).Delete(ctx, dead.lease.Name, metav1.DeleteOptions{Preconditions: only})
	dead.gone = err == nil || apierrors.IsNotFound(err) || apierrors.IsForbidden(err)
}

// Waiter is who waits for a lock.
type Waiter struct {
	Name    string    `json:"name"`
	Since   time.Time `json:"since"`   // by the server's clock
	Renewed time.Time `json:"renewed"` // last sign of life, see Cluster.Now
}

// Queue returns who waits for the named lock, the next in line first, without
// waiting itself. One that was not renewed for 15 seconds is most likely dead.
func Queue(ctx context.Context, c *cluster.Cluster, namespace, leaseName string) ([]Waiter, error) {
	list, err := c.Typed.CoordinationV1().Leases(namespace).List(ctx, metav1.ListOptions{LabelSelector: labelQueue + "=" + leaseName})
	if err != nil {
		return nil, cluster.FromAPI(ctx, managed.Name("Lease", namespace, leaseName), "read its queue", err)
	}
	slices.SortFunc(list.Items, func(a, b coordinationv1.Lease) int { return byAge(&a, &b) })
	out := make([]Waiter, len(list.Items))
	for i, ticket := range list.Items {
		out[i] = Waiter{Name: ptr.Deref(ticket.Spec.HolderIdentity, ""), Since: ticket.CreationTimestamp.Time,
			Renewed: ptr.Deref(ticket.Spec.RenewTime, metav1.MicroTime{}).Time}
	}
	return out, nil
}

// Silent reports whether the waiter gave no sign of life for so long that it is most
// likely dead.
func (w Waiter) Silent(now time.Time) bool { return cluster.Silent(now, w.Renewed) }
