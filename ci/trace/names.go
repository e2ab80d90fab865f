package trace

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// The conventions for pipelines are not stable yet: whatever they call a thing is
// said here and nowhere else. Names that they lack begin with slipway.
// https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/
const (
	scope   = "github.com/slipway-cd/slipway/ci/trace"
	service = "slipway"
	schema  = semconv.SchemaURL

	objectKind  = attribute.Key("slipway.object.kind")
	objectName  = attribute.Key("slipway.object.name")
	objectState = attribute.Key("slipway.object.state")
	caseSeconds = attribute.Key("slipway.test.case.seconds")

	deliveryMonth = attribute.Key("slipway.delivery.month")

	stageDuration = "slipway.stage.duration"
	runTime       = "slipway.run.ended"

	stateEvent = "slipway.object.state"
	caseEvent  = "slipway.test.case"
)

// action is what a span of a run is called, with the pipeline behind it.
var action = semconv.CICDPipelineActionNameRun

// Result is how a run or a stage ended.
type Result struct{ run, task attribute.KeyValue }

// The results. Error is that of what the pipeline works with, not of what it ships.
var (
	Success      = Result{semconv.CICDPipelineResultSuccess, semconv.CICDPipelineTaskRunResultSuccess}
	Failure      = Result{semconv.CICDPipelineResultFailure, semconv.CICDPipelineTaskRunResultFailure}
	Error        = Result{semconv.CICDPipelineResultError, semconv.CICDPipelineTaskRunResultError}
	Timeout      = Result{semconv.CICDPipelineResultTimeout, semconv.CICDPipelineTaskRunResultTimeout}
	Cancellation = Result{semconv.CICDPipelineResultCancellation, semconv.CICDPipelineTaskRunResultCancellation}
	Skip         = Result{semconv.CICDPipelineResultSkip, semconv.CICDPipelineTaskRunResultSkip}
)

// Type is what a stage does, where the conventions have a word for it.
type Type struct{ attribute attribute.KeyValue }

// The types of stages.
var (
	Build  = Type{semconv.CICDPipelineTaskTypeBuild}
	Test   = Type{semconv.CICDPipelineTaskTypeTest}
	Deploy = Type{semconv.CICDPipelineTaskTypeDeploy}
)

// OtherError is the class of errors that have no name.
var OtherError = semconv.ErrorTypeOther.Value.AsString()

// Case is how one test ended.
type Case struct{ attribute attribute.KeyValue }

// How tests end. The conventions do not know tests that were skipped.
var (
	CasePassed  = Case{semconv.TestCaseResultStatusPass}
	CaseFailed  = Case{semconv.TestCaseResultStatusFail}
	CaseSkipped = Case{semconv.TestCaseResultStatusKey.String("skip")}
)

// How a suite of tests ended.
var (
	suitePassed   = semconv.TestSuiteRunStatusSuccess
	suiteFailed   = semconv.TestSuiteRunStatusFailure
	suiteAborted  = semconv.TestSuiteRunStatusAborted
	suiteTimedOut = semconv.TestSuiteRunStatusTimedOut
)

// The names of spans are of few kinds, as the conventions want; whatever has many
// values is an attribute.

func runName(p Pipeline) string    { return action.Value.AsString() + " " + p.Name }
func waitName(kind string) string  { return "wait for " + kind }
func suiteName(name string) string { return name + " tests" }

func errorClass(class string) attribute.KeyValue { return semconv.ErrorTypeKey.String(class) }

func originAttributes(from Origin) []attribute.KeyValue {
	return known(semconv.ServiceName(service), semconv.VCSRefHeadRevision(from.Revision),
		semconv.VCSRefHeadName(from.Branch), semconv.VCSRepositoryURLFull(from.Repository))
}

func runAttributes(p Pipeline) []attribute.KeyValue {
	return known(action, semconv.CICDPipelineName(p.Name), semconv.CICDPipelineRunID(p.Run), semconv.CICDPipelineRunURLFull(p.URL))
}

func taskAttributes(task Task) []attribute.KeyValue {
	return known(semconv.CICDPipelineTaskName(task.Name), semconv.CICDPipelineTaskRunID(task.Run+"/"+task.Name),
		semconv.CICDPipelineTaskRunURLFull(task.URL), task.Type.attribute)
}

func pipelineName(p Pipeline) attribute.KeyValue { return semconv.CICDPipelineName(p.Name) }

func stageAttributes(stage MeasuredStage) []attribute.KeyValue {
	return known(semconv.CICDPipelineTaskName(stage.Name), stage.Type.attribute, stage.Result.task)
}

// buckets are bounds of a run's seconds, from one that has nothing to do to the longest
// limit that is usual.
var buckets = []float64{0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600}

func suiteAttributes(name, address string) []attribute.KeyValue {
	return known(semconv.TestSuiteName(name), semconv.URLFull(address))
}

func caseAttributes(name string, how Case, seconds float64) []attribute.KeyValue {
	return []attribute.KeyValue{semconv.TestCaseName(valid(name)), how.attribute, caseSeconds.Float64(seconds)}
}

func stateAttribute(state string) attribute.KeyValue { return objectState.String(valid(state)) }

// kubernetesName is the attribute that the conventions have for objects of a kind.
var kubernetesName = map[string]func(string) attribute.KeyValue{
	"CronJob":                 semconv.K8SCronJobName,
	"DaemonSet":               semconv.K8SDaemonSetName,
	"Deployment":              semconv.K8SDeploymentName,
	"HorizontalPodAutoscaler": semconv.K8SHPAName,
	"Job":                     semconv.K8SJobName,
	"Namespace":               semconv.K8SNamespaceName,
	"PersistentVolume":        semconv.K8SPersistentvolumeName,
	"PersistentVolumeClaim":   semconv.K8SPersistentvolumeclaimName,
	"Pod":                     semconv.K8SPodName,
	"ReplicaSet":              semconv.K8SReplicaSetName,
	"ResourceQuota":           semconv.K8SResourceQuotaName,
	"Service":                 semconv.K8SServiceName,
	"StatefulSet":             semconv.K8SStatefulSetName,
	"StorageClass":            semconv.K8SStorageclassName,
}

func objectAttributes(kind, namespace, name string) []attribute.KeyValue {
	out := known(objectKind.String(kind), objectName.String(name), semconv.K8SNamespaceName(namespace))
	if of := kubernetesName[kind]; of != nil {
		out = append(out, of(name))
	}
	return out
}

// valid makes text fit protobuf, which refuses a whole export for one byte of
// somebody's output that is not UTF-8.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// known leaves out what has no value.
func known(attributes ...attribute.KeyValue) []attribute.KeyValue {
	var out []attribute.KeyValue
	for _, one := range attributes {
		if one.Value.AsString() != "" {
			out = append(out, one)
		}
	}
	return out
}
