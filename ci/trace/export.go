package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// retry gets over a hiccup of the collector and gives up before FlushTime is over,
// while the cause can still be told.
var retry = otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 100 * time.Millisecond, MaxInterval: 500 * time.Millisecond, MaxElapsedTime: FlushTime / 2}

// exporter keeps why an export failed, for the end of the run. The SDK would print it
// whenever it happens.
type exporter struct {
	sdk.SpanExporter

	mutex sync.Mutex
	err   error
}

// newExporter reads the protocol; endpoint, headers, certificates and the rest are
// read by OpenTelemetry's packages.
func newExporter(ctx context.Context) (*exporter, error) {
	if name := os.Getenv("OTEL_TRACES_EXPORTER"); name != "" && name != "otlp" {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER %q: want otlp or none; no traces are exported", name)
	}
	hush()
	var otlp *otlptrace.Exporter
	var err error
	switch protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol {
	case "", "http/protobuf":
		otlp, err = otlptracehttp.New(ctx, otlptracehttp.WithRetry(retry))
	case "grpc":
		otlp, err = otlptracegrpc.New(ctx, otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig(retry)))
	default:
		err = fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: want http/protobuf or grpc", protocol)
	}
	if err != nil {
		return nil, notExported("traces", err)
	}
	return &exporter{SpanExporter: otlp}, nil
}

// hush keeps OpenTelemetry from printing by itself: headers that it cannot read, which
// are secrets, and in the midst of a run. What matters comes back as an error.
func hush() {
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
}

// ExportSpans exports and never fails: the first failure is kept.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.err = cmp.Or(e.err, err)
	return nil
}

func (e *exporter) failure() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.err
}

// notExported tells the cause in one line, without what the headers hold: a
// collector may repeat them in its answer.
func notExported(what string, err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), what+" export: ")
	for _, secret := range secrets() {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return errors.New(what + " could not be exported: " + text[:min(len(text), 300)])
}

// secretLength is what a word must have to be taken for a secret; shorter ones would
// blacken any text.
const secretLength = 6

// secrets are the words that the variables of headers hold, as they are written and
// as they are sent.
func secrets() []string {
	var out []string
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"} {
		for header := range strings.SplitSeq(os.Getenv(name), ",") {
			_, value, _ := strings.Cut(header, "=")
			sent, err := url.PathUnescape(value)
			if err != nil {
				sent = value
			}
			for _, word := range append(strings.Fields(value), strings.Fields(sent)...) {
				if len(word) >= secretLength {
					out = append(out, word)
				}
			}
		}
	}
	return out
}
