package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/suite"
)

// ServerUnitTestSuite tests the endpoints without a network and without a database.
type ServerUnitTestSuite struct {
	suite.Suite
	store  *memoryStore
	state  *State
	logs   bytes.Buffer
	server *Server
}

func TestServerUnitTestSuite(t *testing.T) { suite.Run(t, new(ServerUnitTestSuite)) }

func (s *ServerUnitTestSuite) SetupTest() {
	s.logs.Reset()
	log := slog.New(slog.NewJSONHandler(&s.logs, nil))
	s.store, s.state = &memoryStore{}, &State{}
	Prepare(s.T().Context(), s.store, s.state, log)
	s.logs.Reset()
	s.server = NewServer("/beta/7", s.store, s.state, log)
}

func (s *ServerUnitTestSuite) request(method, path, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	s.server.ServeHTTP(recorder, httptest.NewRequestWithContext(s.T().Context(), method, path, strings.NewReader(body)))
	return recorder
}

func (s *ServerUnitTestSuite) TestEndpointsForUsersLieBelowTheBasePath() {
	for path, want := range map[string]int{
		"/beta/7/hello": http.StatusOK, "/beta/7/health": http.StatusOK, "/beta/7/version": http.StatusOK,
		"/demo/hello": http.StatusNotFound, "/hello": http.StatusNotFound, "/beta/7/metrics": http.StatusNotFound,
		"/health": http.StatusOK, "/live": http.StatusOK, "/metrics": http.StatusOK,
	} {
		s.Equal(want, s.request(http.MethodGet, path, "").Code, path)
	}
	s.Equal(http.StatusMethodNotAllowed, s.request(http.MethodPost, "/beta/7/hello", "").Code)
}

func (s *ServerUnitTestSuite) TestVersionTellsVersionAndCommit() {
	s.JSONEq(`{"version":"dev","commit":"unknown"}`, s.request(http.MethodGet, "/beta/7/version", "").Body.String())
}

func (s *ServerUnitTestSuite) TestPersonIsKeptAndRemoved() {
	put := s.request(http.MethodPut, "/beta/7/person/ada", `{"name":" Ada "}`)
	s.Equal(http.StatusOK, put.Code)
	s.JSONEq(`{"id":"ada","name":"Ada"}`, put.Body.String())
	s.JSONEq(`{"id":"ada","name":"Ada"}`, s.request(http.MethodGet, "/beta/7/person/ada", "").Body.String())
	s.Equal(http.StatusNoContent, s.request(http.MethodDelete, "/beta/7/person/ada", "").Code)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		s.Equal(http.StatusNotFound, s.request(method, "/beta/7/person/ada", "").Code, method)
	}
}

func (s *ServerUnitTestSuite) TestBadInputIsRefusedWithAReason() {
	for _, c := range []struct {
		name, path, body, reason string
		code                     int
	}{
		{"no body", "/beta/7/person/a", ``, "body: want JSON", 400},
		{"no JSON", "/beta/7/person/a", `Ada`, "body: want JSON", 400},
		{"unknown field", "/beta/7/person/a", `{"nome":"Ada"}`, `unknown field "nome"`, 400},
		{"two values", "/beta/7/person/a", `{"name":"Ada"} {}`, "body: want JSON", 400},
		{"empty name", "/beta/7/person/a", `{"name":"  "}`, "name: must not be empty", 400},
		{"control character", "/beta/7/person/a", `{"name":"A\u0000da"}`, "control characters", 400},
		{"long name", "/beta/7/person/a", `{"name":"` + strings.Repeat("ü", maxName+1) + `"}`, "more than 200", 400},
		{"large body", "/beta/7/person/a", `{"name":"` + strings.Repeat("a", maxBody) + `"}`, "more than 4096 bytes", 413},
		{"large tail", "/beta/7/person/a", `{"name":"a"}` + strings.Repeat(" ", maxBody), "more than 4096 bytes", 413},
		{"bad id", "/beta/7/person/-a", `{"name":"Ada"}`, "id: ", 400},
		{"long id", "/beta/7/person/" + strings.Repeat("a", 65), `{"name":"Ada"}`, "id: ", 400},
	} {
		s.Run(c.name, func() {
			answer := s.request(http.MethodPut, c.path, c.body)
			s.Equal(c.code, answer.Code)
			s.Contains(answer.Body.String(), strings.ReplaceAll(c.reason, `"`, `\"`))
			s.Empty(s.store.persons)
		})
	}
}

func (s *ServerUnitTestSuite) TestDatabaseErrorIsLoggedAndNotShown() {
	s.store.failWith(errors.New("connect to secret-host"))
	answer := s.request(http.MethodGet, "/beta/7/person/ada", "")
	s.Equal(http.StatusServiceUnavailable, answer.Code)
	s.NotContains(answer.Body.String(), "secret-host")
	s.Contains(s.logs.String(), "secret-host")
}

func (s *ServerUnitTestSuite) TestReadinessFollowsDatabaseAndShutdownButLivenessDoesNot() {
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"database gone", func() { s.store.failWith(errors.New("gone")) }},
		{"draining", func() { s.store.failWith(nil); s.state.draining.Store(true) }},
		{"not prepared", func() { s.state.draining.Store(false); s.state.prepared.Store(false) }},
	} {
		c.change()
		s.Equal(http.StatusServiceUnavailable, s.request(http.MethodGet, "/health", "").Code, c.name)
		s.Equal(http.StatusServiceUnavailable, s.request(http.MethodGet, "/beta/7/health", "").Code, c.name)
		s.Equal(http.StatusOK, s.request(http.MethodGet, "/live", "").Code, c.name)
	}
	s.state.prepared.Store(true)
	s.Equal(http.StatusOK, s.request(http.MethodGet, "/health", "").Code)
}

func (s *ServerUnitTestSuite) TestMetricsCountByPatternNotByPath() {
	s.request(http.MethodGet, "/beta/7/person/ada", "")
	s.request(http.MethodGet, "/beta/7/person/grace", "")
	s.request(http.MethodGet, "/nowhere", "")
	metrics := s.request(http.MethodGet, "/metrics", "").Body.String()
	s.Contains(metrics, `http_requests_total{code="404",pattern="GET /beta/7/person/{id}"} 2`)
	s.Contains(metrics, `http_request_duration_seconds_count{code="404",pattern="GET /beta/7/person/{id}"} 2`)
	s.Contains(metrics, `http_requests_total{code="404",pattern="none"} 1`)
	s.NotContains(metrics, "grace")
}

func (s *ServerUnitTestSuite) TestAccessLogHoldsUsersRequestsAndNotProbes() {
	s.request(http.MethodGet, "/health", "")
	s.Empty(s.logs.String())
	s.request(http.MethodGet, "/beta/7/person/ada", "")
	s.Contains(s.logs.String(), `"msg":"request","method":"GET","path":"/beta/7/person/ada","status":404,"seconds":`)
}
