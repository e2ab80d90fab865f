package write

import "context"

type progressKey struct{}

// WithProgress has waits for deleted objects to be gone tell what they wait for, once
// they last. The context carries it, since such a wait may be part of any change.
func WithProgress(ctx context.Context, progress func(object, state string)) context.Context {
	return context.WithValue(ctx, progressKey{}, progress)
}

// progressIn returns the function that a context carries, or nil.
func progressIn(ctx context.Context) func(object, state string) {
	progress, _ := ctx.Value(progressKey{}).(func(object, state string))
	return progress
}
