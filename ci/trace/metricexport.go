package trace

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// metricExporter keeps why an export failed, as that of spans does.
type metricExporter struct {
	sdk.Exporter

	mutex sync.Mutex
	err   error
}

func newMetricExporter(ctx context.Context) (*metricExporter, error) {
	if name := os.Getenv("OTEL_METRICS_EXPORTER"); name != "" && name != "otlp" {
		return nil, fmt.Errorf("OTEL_METRICS_EXPORTER %q: want otlp or none; no metrics are exported", name)
	}
	hush()
	var otlp sdk.Exporter
	var err error
	switch protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol {
	case "", "http/protobuf":
		otlp, err = otlpmetrichttp.New(ctx, otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig(retry)))
	case "grpc":
		otlp, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig(retry)))
	default:
		err = fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: want http/protobuf or grpc", protocol)
	}
	if err != nil {
		return nil, notExported("metrics", err)
	}
	return &metricExporter{Exporter: otlp}, nil
}

// Export exports and never fails: the first failure is kept.
func (e *metricExporter) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	err := e.Exporter.Export(ctx, metrics)
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.err = cmp.Or(e.err, err)
	return nil
}

func (e *metricExporter) failure() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.err
}
