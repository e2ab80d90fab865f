package trace

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/cicdconv"
)

// Record measures a run that has ended. What has no name in the conventions begins with
// slipway.
func (m *Metrics) Record(ctx context.Context, run Measured) error {
	meter := m.provider.Meter(scope, metric.WithSchemaURL(schema))
	duration, noDuration := cicdconv.NewPipelineRunDuration(meter, metric.WithExplicitBucketBoundaries(buckets...))
	failures, noFailures := cicdconv.NewPipelineRunErrors(meter)
	stages, noStages := meter.Float64Gauge(stageDuration, metric.WithUnit("s"), metric.WithDescription("How long a stage of the run took."))
	ended, noEnded := meter.Int64Gauge(runTime, metric.WithUnit("s"), metric.WithDescription("When the run ended, in seconds since 1970."))
	if err := errors.Join(noDuration, noFailures, noStages, noEnded); err != nil {
		return err
	}
	how := []attribute.KeyValue{run.Outcome.Result.run}
	if run.Outcome.Error != "" {
		how = append(how, errorClass(run.Outcome.Error))
		failures.Add(ctx, 1, run.Pipeline.Name, cicdconv.ErrorTypeAttr(run.Outcome.Error))
	}
	duration.Record(ctx, run.Seconds, run.Pipeline.Name, cicdconv.PipelineRunStateFinalizing, how...)
	name := pipelineName(run.Pipeline)
	ended.Record(ctx, time.Now().Unix(), metric.WithAttributes(append(how, name)...))
	for _, stage := range run.Stages {
		stages.Record(ctx, stage.Seconds, metric.WithAttributes(append(stageAttributes(stage), name)...))
	}
	if run.Delivery == nil {
		return nil
	}
	return run.Delivery.record(ctx, meter, name)
}

// record measures DORA's four keys. What there is none of is left out: zero would say
// something else.
func (d Delivery) record(ctx context.Context, meter metric.Meter, name attribute.KeyValue) (err error) {
	of := metric.WithAttributes(name, deliveryMonth.String(d.Month))
	deployments := float64(d.Deployments)
	for _, key := range []struct {
		name, unit, description string
		value                   *float64
	}{
		{"slipway.delivery.deployments", "{deployment}", "Deployments to production in the month under way.", &deployments},
		{"slipway.delivery.lead_time", "s", "Lead time for changes in the month under way, the median.", d.LeadSeconds},
		{"slipway.delivery.failure_rate", "1", "How many of the deployments of the month under way failed.", d.FailureRate},
		{"slipway.delivery.recovery_time", "s", "Failed deployment recovery time in the month under way, the median.", d.RecoverySeconds},
	} {
		gauge, failed := meter.Float64Gauge(key.name, metric.WithUnit(key.unit), metric.WithDescription(key.description))
		err = errors.Join(err, failed)
		if failed == nil && key.value != nil {
			gauge.Record(ctx, *key.value, of)
		}
	}
	return err
}
