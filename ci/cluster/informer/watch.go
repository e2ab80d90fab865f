// Package informer keeps a namespace's objects up to date by watching them, and tells
// when one has changed. It does not judge them.
package informer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// byOwner is the index of what an object controls, by its uid.
const ByOwner = "owner"

// catchUp is how long a watch that was cut and resumed is given to tell what was missed.
const catchUp = time.Second

// Watcher holds informers and tells, in one channel, that any of them knows
// something new. An informer lists again when its watch ends and keeps trying
// while the server is away, so that what it holds may be old but never partial.
type Watcher struct {
	cluster *cluster.Cluster
	Changed chan struct{} // holds at most one notice: state is read whole, not event by event
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Informer is what a watcher knows of one kind in one namespace.
type Informer struct {
	cache.Indexer
	synced  cache.DoneChecker
	mutex   sync.Mutex
	refused error     // the server's answer when we may not list or watch the kind
	cut     bool      // the watch ended and there is no other yet
	resumed time.Time // when a watch began in place of one that had ended
}

func NewWatcher(c *cluster.Cluster) *Watcher {
	return &Watcher{cluster: c, Changed: make(chan struct{}, 1), stop: func() {}}
}

// Open makes the context in which the informers run; close ends and awaits them.
func (w *Watcher) Open(ctx context.Context) context.Context {
	ctx, w.stop = context.WithCancel(Quietly(ctx))
	return ctx
}

// Quietly keeps client-go from logging to the terminal.
func Quietly(ctx context.Context) context.Context { return klog.NewContext(ctx, logr.Discard()) }

func (w *Watcher) Close() {
	w.stop()
	w.running.Wait()
}

func (w *Watcher) Notify() {
	select {
	case w.Changed <- struct{}{}:
	default:
	}
}

// AwaitChange returns after a change or the time given, false when ctx is over.
func AwaitChange(ctx context.Context, w *Watcher, limit time.Duration) bool {
	expiry := time.NewTimer(limit)
	defer expiry.Stop()
	select {
	case <-w.Changed:
	case <-expiry.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// Follow starts an informer. Its objects are of the kind's Go type where
// client-go has one, else unstructured, and without managedFields.
func (w *Watcher) Follow(ctx context.Context, gvr schema.GroupVersionResource, namespace string, selectors metav1.ListOptions) (*Informer, error) {
	i := &Informer{}
	from, err := sourceOf(w.cluster, gvr, namespace)
	if err != nil {
		return nil, err
	}
	generic := cache.NewSharedIndexInformerWithOptions(w.observed(i, from, selectors), from.example,
		cache.SharedIndexInformerOptions{Indexers: cache.Indexers{ByOwner: indexOwner}, ObjectDescription: gvr.String()})
	i.Indexer = generic.GetIndexer()
	if err := generic.SetTransform(from.trim); err != nil {
		return nil, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	err = generic.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsUnauthorized(err) {
			i.refuse(err)
			w.Notify()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	handler, err := generic.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { w.Notify() },
		UpdateFunc: func(any, any) { w.Notify() },
		DeleteFunc: func(any) { w.Notify() },
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	i.synced = handler.HasSyncedChecker()
	w.running.Go(func() { generic.RunWithContext(ctx) })
	w.running.Go(func() {
		select {
		case <-i.synced.Done():
			w.Notify() // a kind without objects makes no other event
		case <-ctx.Done():
		}
	})
	return i, nil
}

// observed reads for an informer, by one streaming request where the server can
// (KEP-3157), and tells it when the watch ended and went on.
func (w *Watcher) observed(i *Informer, from source, selectors metav1.ListOptions) cache.ListerWatcher {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector, options.FieldSelector = selectors.LabelSelector, selectors.FieldSelector
			return from.list(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.LabelSelector, options.FieldSelector = selectors.LabelSelector, selectors.FieldSelector
			inner, err := from.watch(ctx, options)
			if err != nil {
				return nil, err
			}
			if i.resume() {
				w.Notify()
			}
			return &observedWatch{Interface: inner, ended: i.end}, nil
		},
	}
}

// observedWatch tells that it ended: the reflector stops every watch it leaves.
type observedWatch struct {
	watch.Interface
	ended func()
}

func (o *observedWatch) Stop() {
	o.ended()
	o.Interface.Stop()
}

func (i *Informer) end() {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.cut = true
}

// resume reports whether the watch is one in place of another.
func (i *Informer) resume() bool {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.cut {
		i.cut, i.resumed = false, time.Now()
		return true
	}
	return false
}

// Current reports whether the informer hears of changes: not while its watch is
// cut, nor before a new one had a moment to tell what was missed.
func (i *Informer) Current(now time.Time) (left time.Duration, ok bool) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.cut {
		return time.Hour, false
	}
	left = catchUp - now.Sub(i.resumed)
	return left, left <= 0
}

func (i *Informer) refuse(err error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.refused = err
}

// Ready reports whether the informer holds the server's state, or the error why
// it never will.
func (i *Informer) Ready() (bool, error) {
	if cache.IsDone(i.synced) {
		return true, nil // a refusal after that may pass, e.g. while the server starts
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return false, i.refused
}

// indexOwner returns the uid of the controller of an object.
func indexOwner(object any) ([]string, error) {
	meta, ok := object.(metav1.Object)
	if !ok {
		return nil, nil
	}
	if owner := metav1.GetControllerOf(meta); owner != nil {
		return []string{string(owner.UID)}, nil
	}
	return nil, nil
}

// ListOf returns an informer's objects of one Go type.
func ListOf[T any](objects []any) []T {
	out := make([]T, 0, len(objects))
	for _, object := range objects {
		if t, ok := object.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// Ended is the error of a wait whose context is over: Timeout with what is still
// lacking at the deadline, the cancellation as such.
func Ended(ctx context.Context, object, lacks string) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return &cluster.Error{Class: cluster.Timeout, Object: object, Cause: "deadline passed, " + lacks, Err: context.DeadlineExceeded}
	}
	return fmt.Errorf("%s: %s: %w", object, lacks, context.Cause(ctx))
}
