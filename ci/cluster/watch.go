package cluster

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
)

// byOwner is the index of what an object controls, by its uid.
const byOwner = "owner"

// catchUp is how long a watch that was cut and resumed is given to tell what was missed.
const catchUp = time.Second

// watcher holds informers and tells, in one channel, that any of them knows
// something new. An informer lists again when its watch ends and keeps trying
// while the server is away, so that what it holds may be old but never partial.
type watcher struct {
	cluster *Cluster
	changed chan struct{} // holds at most one notice: state is read whole, not event by event
	stop    context.CancelFunc
	running sync.WaitGroup
}

// informer is what a watcher knows of one kind in one namespace.
type informer struct {
	cache.Indexer
	synced  cache.DoneChecker
	mutex   sync.Mutex
	refused error     // the server's answer when we may not list or watch the kind
	cut     bool      // the watch ended and there is no other yet
	resumed time.Time // when a watch began in place of one that had ended
}

func (c *Cluster) watcher() *watcher {
	return &watcher{cluster: c, changed: make(chan struct{}, 1), stop: func() {}}
}

// open makes the context in which the informers run; close ends and awaits them.
func (w *watcher) open(ctx context.Context) context.Context {
	ctx, w.stop = context.WithCancel(quietly(ctx))
	return ctx
}

// quietly keeps client-go from logging to the terminal.
func quietly(ctx context.Context) context.Context { return klog.NewContext(ctx, logr.Discard()) }

func (w *watcher) close() {
	w.stop()
	w.running.Wait()
}

func (w *watcher) notify() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// awaitChange returns after a change or the time given, false when ctx is over.
func awaitChange(ctx context.Context, w *watcher, limit time.Duration) bool {
	expiry := time.NewTimer(limit)
	defer expiry.Stop()
	select {
	case <-w.changed:
	case <-expiry.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// follow starts an informer. Its objects are of the kind's Go type where
// client-go has one, else unstructured, and without managedFields.
func (w *watcher) follow(ctx context.Context, gvr schema.GroupVersionResource, namespace string, selectors metav1.ListOptions) (*informer, error) {
	i := &informer{}
	from, err := w.cluster.source(gvr, namespace)
	if err != nil {
		return nil, err
	}
	generic := cache.NewSharedIndexInformerWithOptions(w.observed(i, from, selectors), from.example,
		cache.SharedIndexInformerOptions{Indexers: cache.Indexers{byOwner: indexOwner}, ObjectDescription: gvr.String()})
	i.Indexer = generic.GetIndexer()
	if err := generic.SetTransform(from.trim); err != nil {
		return nil, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	err = generic.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsUnauthorized(err) {
			i.refuse(err)
			w.notify()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	handler, err := generic.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { w.notify() },
		UpdateFunc: func(any, any) { w.notify() },
		DeleteFunc: func(any) { w.notify() },
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	i.synced = handler.HasSyncedChecker()
	w.running.Go(func() { generic.RunWithContext(ctx) })
	w.running.Go(func() {
		select {
		case <-i.synced.Done():
			w.notify() // a kind without objects makes no other event
		case <-ctx.Done():
		}
	})
	return i, nil
}

// observed reads for an informer, by one streaming request where the server can
// (KEP-3157), and tells it when the watch ended and went on.
func (w *watcher) observed(i *informer, from source, selectors metav1.ListOptions) cache.ListerWatcher {
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
				w.notify()
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

func (i *informer) end() {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.cut = true
}

// resume reports whether the watch is one in place of another.
func (i *informer) resume() bool {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.cut {
		i.cut, i.resumed = false, time.Now()
		return true
	}
	return false
}

// current reports whether the informer hears of changes: not while its watch is
// cut, nor before a new one had a moment to tell what was missed.
func (i *informer) current(now time.Time) (left time.Duration, ok bool) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.cut {
		return time.Hour, false
	}
	left = catchUp - now.Sub(i.resumed)
	return left, left <= 0
}

func (i *informer) refuse(err error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.refused = err
}

// ready reports whether the informer holds the server's state, or the error why
// it never will.
func (i *informer) ready() (bool, error) {
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

// listOf returns an informer's objects of one Go type.
func listOf[T any](objects []any) []T {
	out := make([]T, 0, len(objects))
	for _, object := range objects {
		if t, ok := object.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// ended is the error of a wait whose context is over: Timeout with what is still
// lacking at the deadline, the cancellation as such.
func ended(ctx context.Context, object, lacks string) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return &Error{Class: Timeout, Object: object, Cause: "deadline passed, " + lacks, Err: context.DeadlineExceeded}
	}
	return fmt.Errorf("%s: %s: %w", object, lacks, context.Cause(ctx))
}
