package integration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/footprint"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// turnstile counts the writes that come through it, but for those of leases, and
// lets one of them wait: before the server sees it, or before its answer is seen.
type turnstile struct {
	behind http.Handler
	only   string // counts those whose path has it
	nth    int
	early  bool // on the way there

	mutex sync.Mutex
	count int
	seen  []string
	came  chan string   // the nth write, described
	on    chan struct{} // closed: it may pass
}

// ServeHTTP implements http.Handler.
func (s *turnstile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := r.Method + " " + r.URL.Path
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Method == http.MethodGet || r.URL.Query().Has("dryRun") || bytes.Contains(body, []byte("dryRun")) || strings.Contains(what, "/leases") || strings.Contains(what, "authorization.k8s.io") || !s.stops(what) {
		s.behind.ServeHTTP(w, r)
		return
	}
	if s.early {
		s.came <- what
		<-s.on
		s.behind.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	s.behind.ServeHTTP(answer, r)
	s.came <- what
	<-s.on
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = bytes.NewReader(answer.Body.Bytes()).WriteTo(w)
}

func (s *turnstile) stops(what string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.only != "" && !strings.Contains(what, s.only) {
		return false
	}
	s.seen = append(s.seen, what)
	s.count++
	return s.count == s.nth
}

// contest is a production that two runs want to change.
type contest struct {
	c         *cluster.Cluster
	namespace string
	gate      *turnstile
	paused    deploy // through the gate
	other     deploy
	underWay  string // the write that the server saw late
}

// newContest makes a production with a release. Both runs change an object, keep
// one, prune one and create one; each also changes one that the other does not.
func newContest(t *testing.T, refused bool) *contest {
	t.Helper()
	c := connectWith(t, cluster.Config{Lease: shortLease})
	namespace := newNamespace(t, c)
	_, through := throughFaults(t)
	gate := &turnstile{behind: through.behind, came: make(chan string, 1), on: make(chan struct{})}
	through.behind = gate
	wanted := func(run string, configs ...string) []*unstructured.Unstructured {
		documents := []string{app("", testImage(), run)}
		for _, config := range configs {
			name, value, _ := strings.Cut(config, "=")
			documents = append(documents, strings.Replace(configMap(name, run, value), "slipway.dev/run:", "app.kubernetes.io/name: x, slipway.dev/run:", 1))
		}
		objects := clustertest.Objects(t, namespace, documents...)
		require.NoError(t, unstructured.SetNestedField(objects[3].Object, run, "spec", "template", "metadata", "annotations", "run"))
		return objects
	}
	first := deploy{Namespace: namespace, Run: "one", Objects: wanted("one", "kept=a", "changed=a", "pruned=a", "theirs=a", "ours=a")}
	require.NoError(t, first.carry(within(t, time.Minute), c))
	return &contest{c: c, namespace: namespace, gate: gate,
		paused: deploy{through.path, namespace, "paused", wanted("paused", "kept=a", "changed=paused", "new=paused", "theirs=paused", "ours=a"), refused},
		other:  deploy{"", namespace, "other", wanted("other", "kept=a", "changed=other", "new=other", "theirs=a", "ours=other"), false},
	}
}

// production is all that is in the namespace, but for what controllers make and for
// what they and the server write: uids are compared, too.
func (s *contest) production(t *testing.T) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, kind := range []schema.GroupVersionResource{cluster.ConfigMaps, {Version: "v1", Resource: "secrets"}, {Version: "v1", Resource: "services"}, {Group: "apps", Version: "v1", Resource: "deployments"}} {
		list, err := s.c.Dynamic.Resource(kind).Namespace(s.namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for _, item := range list.Items {
			delete(item.Object, "status")
			item.SetResourceVersion("")
			item.SetManagedFields(slices.DeleteFunc(item.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool { return entry.Subresource == "status" }))
			out[item.GetKind()+" "+item.GetName()] = item.Object
		}
	}
	return out
}

// completes lets the other run complete, once the paused one's lease has expired.
func (s *contest) completes(t *testing.T) map[string]any {
	t.Helper()
	require.NoError(t, s.other.carry(within(t, 2*time.Minute), s.c))
	require.NoError(t, rollout.Wait(within(t, time.Minute), s.c, s.other.Objects, nil))
	return s.production(t)
}

func (s *contest) requireOthers(t *testing.T, after map[string]any) {
	t.Helper()
	now := s.production(t)
	for _, record := range []string{"Secret slipway-undo-paused", "Secret slipway-release-paused"} {
		if strings.HasSuffix(s.underWay, strings.ToLower(strings.Replace(record, "Secret ", "/", 1))) {
			delete(now, record) // a request that creates a record is taken: it outdates nothing
		}
	}
	require.Equal(t, after, now, "the paused run wrote after it had lost production")
	releases, _, err := records.Releases(t.Context(), s.c, s.namespace)
	require.NoError(t, err)
	require.Equal(t, "other", releases[0].Run)
	undos, _, err := records.Undos(t.Context(), s.c, s.namespace)
	require.NoError(t, err)
	for _, record := range undos {
		require.NotNil(t, record.OutlivedBy(releases), "it would be put back again")
	}
}

// writesOf returns how many writes a run makes that nobody stops.
func writesOf(t *testing.T, refused bool) int {
	t.Helper()
	s := newContest(t, refused)
	require.Empty(t, s.paused.start(t).ended(t))
	t.Log(strings.Join(s.gate.seen, "\n"))
	return s.gate.count
}

func TestARunThatIsStoppedAtAnyWriteDoesNotWriteOverWhatCameAfterIt(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"deploys": false, "undoes": true} {
		for nth := range writesOf(t, refused) {
			if testing.Short() && nth%6 != 0 {
				continue
			}
			for place, early := range map[string]bool{"under way": true, "done": false} {
				t.Run(fmt.Sprintf("%s, write %d %s", name, nth+1, place), func(t *testing.T) {
					t.Parallel()
					s := newContest(t, refused)
					s.gate.nth, s.gate.early = nth+1, early
					process := s.paused.start(t)
					select {
					case what := <-s.gate.came:
						t.Log(what)
						if early {
							s.underWay = what
						}
					case <-process.over:
						t.Skip("it had less to repeat than the run whose writes were counted")
					}
					process.signal(t, syscall.SIGSTOP)
					after := s.completes(t)
					close(s.gate.on)
					process.signal(t, syscall.SIGCONT)
					end := process.ended(t)
					s.requireOthers(t, after)
					require.NotEmpty(t, end, "it takes itself for the last")
					require.Equal(t, string(cluster.Lost), end[0], "%v", end)
				})
			}
		}
	}
}

func TestARunThatIsStoppedAtARandomMomentDoesNotWriteOverWhatCameAfterIt(t *testing.T) {
	t.Parallel()
	moments := 20
	if testing.Short() {
		moments = 4
	}
	for i := range moments {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := newContest(t, i%2 == 1)
			s.gate.nth, s.gate.early = 1+rand.IntN(8), true
			close(s.gate.on) // it only tells
			process := s.paused.start(t)
			what := <-s.gate.came
			moment := time.Duration(rand.Int64N(int64(20 * time.Millisecond)))
			time.Sleep(moment) // the moment is what is tried
			if process.Process.Signal(syscall.SIGSTOP) != nil {
				t.Skip("it was over already")
			}
			after := s.completes(t)
			if err := process.Process.Signal(syscall.SIGCONT); !errors.Is(err, os.ErrProcessDone) { // it was at its end when it was to stop
				require.NoError(t, err)
			}
			end := process.ended(t)
			t.Logf("stopped %s after %s; %v", moment, what, end)
			s.requireOthers(t, after)
		})
	}
}

func TestWhatARunCreatesAfterItLostProductionIsPrunedByTheNext(t *testing.T) {
	t.Parallel()
	s := newContest(t, false)
	late := clustertest.Objects(t, s.namespace, configMap("late", "paused", "x"))
	awaited := records.UndoRecord{Created: []managed.Ref{managed.RefOf(late[0])}, Label: "paused"}.Awaited()
	require.NoError(t, s.other.carry(within(t, time.Minute), s.c))
	_, err := apply.Apply(t.Context(), s.c, late, apply.Options{})
	require.NoError(t, err)
	for run, action := range map[string]map[string]write.Action{"paused": {"ConfigMap late": write.Deleted}, "another": {}} {
		awaited[0].Run = run
		plan, err := apply.NewPlan(t.Context(), s.c, nil, apply.Options{Former: awaited})
		require.NoError(t, err)
		require.Equal(t, action, actions(plan.Changes))
	}
}

func TestFencingOffLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := newContest(t, false)
	before, err := footprint.Take(t.Context(), s.c, s.namespace)
	require.NoError(t, err)
	content, versions := s.production(t), map[string]string{}
	releases, _, err := records.Releases(t.Context(), s.c, s.namespace)
	require.NoError(t, err)
	record := records.UndoRecord{Namespace: s.namespace, Run: "paused", Former: releases[0].Objects}
	version := func(object *unstructured.Unstructured) string {
		found, err := s.c.Resource(t.Context(), object)
		require.NoError(t, err)
		live, err := s.c.Get(t.Context(), found, object)
		require.NoError(t, err)
		return live.GetResourceVersion()
	}
	for _, object := range record.Former {
		versions[managed.Describe(object)] = version(object)
	}
	require.NoError(t, records.FenceOff(t.Context(), s.c, record))
	for _, object := range record.Former {
		require.NotEqual(t, versions[managed.Describe(object)], version(object))
	}
	require.Equal(t, content, s.production(t))
	after, err := footprint.Take(t.Context(), s.c, s.namespace)
	require.NoError(t, err)
	require.Empty(t, before.In(s.namespace).Differences(after.In(s.namespace)))
}

func TestARunWhoseLeaseIsDeletedByHandStopsWriting(t *testing.T) {
	t.Parallel()
	s := newContest(t, false)
	s.gate.nth = 3
	process := s.paused.start(t)
	<-s.gate.came
	require.NoError(t, s.c.Typed.CoordinationV1().Leases(s.namespace).Delete(t.Context(), "slipway-production", metav1.DeleteOptions{}))
	after := s.completes(t)
	close(s.gate.on)
	end := process.ended(t)
	s.requireOthers(t, after)
	require.Equal(t, string(cluster.Lost), end[0], "%v", end)
}
