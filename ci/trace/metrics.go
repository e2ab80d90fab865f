package trace

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

// Metrics measures a run, for a file in the text format of OpenMetrics and, where the
// environment asks for it, for a collector. Both say the same, by the same names.
type Metrics struct {
	provider *sdk.MeterProvider
	registry *prometheus.Registry
	exporter *metricExporter // nil: no collector is asked for
}

// Measured is what there is to measure of a run that has ended.
type Measured struct {
	Pipeline Pipeline
	Outcome  Outcome
	Seconds  float64
	Stages   []MeasuredStage
	Delivery *Delivery // nil: not known
}

// MeasuredStage is a stage that has ended.
type MeasuredStage struct {
	Name    string
	Type    Type
	Result  Result
	Seconds float64
}

// Delivery is DORA's four keys of the month under way; what there is none of is nil.
type Delivery struct {
	Month                                     string
	Deployments                               int
	LeadSeconds, FailureRate, RecoverySeconds *float64
}

// NewMetrics returns what measures a run. Variables that make no sense are an error; what
// is returned can be used all the same, and exports nothing to a collector.
func NewMetrics(ctx context.Context, from Origin) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewRegistry()}
	file, err := otelprometheus.New(otelprometheus.WithRegisterer(m.registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	options := []sdk.Option{sdk.WithReader(file)}
	var failed error
	if metricsWanted() {
		if m.exporter, failed = newMetricExporter(ctx); failed == nil {
			options = append(options, sdk.WithReader(sdk.NewPeriodicReader(m.exporter)))
		}
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(originAttributes(from)...), resource.WithFromEnv())
	if err != nil {
		failed = cmp.Or(failed, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err))
	}
	m.provider = sdk.NewMeterProvider(append(options, sdk.WithResource(about))...)
	return m, failed
}

// metricsWanted reports whether the environment asks for an export to a collector.
func metricsWanted() bool {
	switch {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_METRICS_EXPORTER") == "none":
		return false
	case os.Getenv("OTEL_METRICS_EXPORTER") != "":
		return true
	}
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")) != ""
}

// Text returns what was measured in the text format of OpenMetrics
// (https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md).
func (m *Metrics) Text() ([]byte, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return nil, err
		}
	}
	if end, ok := encoder.(expfmt.Closer); ok {
		err = end.Close() // writes # EOF
	}
	return out.Bytes(), err
}

// Close sends what was measured to the collector, if one is asked for. It takes FlushTime
// at most and returns why that failed; nobody would want a run to fail for it.
func (m *Metrics) Close() error {
	if m == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), FlushTime, errors.New("no answer within "+FlushTime.String()))
	defer cancel()
	err := m.provider.Shutdown(ctx)
	switch {
	case m.exporter == nil:
		return nil
	case ctx.Err() != nil:
		return notExported("metrics", context.Cause(ctx))
	}
	return notExported("metrics", cmp.Or(m.exporter.failure(), err))
}
