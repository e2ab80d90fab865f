package trace

import (
	"context"
	"os"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

var propagator propagation.TraceContext

// Variable is one of the environment of a process.
type Variable struct{ Name, Value string }

// Environment returns the variables that let a process hang its spans below the one
// of ctx: TRACEPARENT and, where there is one, TRACESTATE. Without a span it is empty.
// https://opentelemetry.io/docs/specs/otel/context/env-carriers/
func Environment(ctx context.Context) []Variable {
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	var out []Variable
	for _, field := range propagator.Fields() {
		if value := carrier.Get(field); value != "" {
			out = append(out, Variable{strings.ToUpper(field), value})
		}
	}
	return out
}

// inherited returns ctx with the span that the process's environment names.
func inherited(ctx context.Context) context.Context {
	carrier := propagation.MapCarrier{}
	for _, field := range propagator.Fields() {
		carrier.Set(field, os.Getenv(strings.ToUpper(field)))
	}
	return propagator.Extract(ctx, carrier)
}
