package cluster

import (
	"context"
	"sync"
)

// Warnings are what the API server said beside its answers to the requests of a context:
// that pods of a workload will be refused, for example.
type Warnings struct {
	mutex sync.Mutex
	said  []string
}

type warningsKey struct{}

// Warned returns a context whose requests' warnings are kept; those of others are dropped.
func Warned(ctx context.Context) (context.Context, *Warnings) {
	kept := &Warnings{}
	return context.WithValue(ctx, warningsKey{}, kept), kept
}

// Said returns the warnings so far.
func (w *Warnings) Said() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return append([]string{}, w.said...)
}

// keepWarnings implements rest.WarningHandlerWithContext.
type keepWarnings struct{}

// HandleWarningHeaderWithContext keeps a warning of code 299, the only one that the API
// server sends (https://kubernetes.io/blog/2020/09/03/warnings/).
func (keepWarnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, message string) {
	kept, wanted := ctx.Value(warningsKey{}).(*Warnings)
	if !wanted || code != 299 || message == "" {
		return
	}
	kept.mutex.Lock()
	defer kept.mutex.Unlock()
	kept.said = append(kept.said, message)
}
