package main

import (
	"crypto/rand"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/suite"
)

// FunctionalTestSuite tests all that the application does, at ADDRESS; it may leave data behind when it is interrupted.
type FunctionalTestSuite struct{ remoteSuite }

func TestFunctionalTestSuite(t *testing.T) { suite.Run(t, new(FunctionalTestSuite)) }

func (s *FunctionalTestSuite) TestHelloGreets() {
	code, answer := s.request(http.MethodGet, "/hello", "")
	s.Equal(http.StatusOK, code)
	s.Equal("Hello, World!", answer["message"])
}

func (s *FunctionalTestSuite) TestHealthIsReady() {
	code, answer := s.request(http.MethodGet, "/health", "")
	s.Equal(http.StatusOK, code)
	s.Equal("ready", answer["status"])
}

func (s *FunctionalTestSuite) TestVersionIsTheOneBuilt() {
	code, answer := s.request(http.MethodGet, "/version", "")
	s.Equal(http.StatusOK, code)
	s.NotEmpty(answer["commit"])
	s.NotEmpty(answer["version"])
	if want := os.Getenv("VERSION"); want != "" {
		s.Equal(want, answer["version"])
	}
}

func (s *FunctionalTestSuite) TestPersonIsKeptReplacedAndRemoved() {
	path := "/person/functional-" + rand.Text()
	defer s.request(http.MethodDelete, path, "") // whatever happens

	for _, name := range []string{"Ada Lovelace", "Grace Hopper", "Ødegård 東京"} {
		code, answer := s.request(http.MethodPut, path, `{"name":"`+name+`"}`)
		s.Equal(http.StatusOK, code)
		s.Equal(name, answer["name"])
		code, answer = s.request(http.MethodGet, path, "")
		s.Equal(http.StatusOK, code)
		s.Equal(name, answer["name"])
	}
	code, _ := s.request(http.MethodDelete, path, "")
	s.Equal(http.StatusNoContent, code)
	code, _ = s.request(http.MethodGet, path, "")
	s.Equal(http.StatusNotFound, code)
}

func (s *FunctionalTestSuite) TestPersonThatIsNotThereIsNotFound() {
	path := "/person/functional-" + rand.Text()
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		code, answer := s.request(method, path, "")
		s.Equal(http.StatusNotFound, code, method)
		s.Contains(answer["error"], "not found", method)
	}
}

func (s *FunctionalTestSuite) TestBadInputIsRefusedWithAReason() {
	path := "/person/functional-" + rand.Text()
	for _, c := range []struct {
		path, body, reason string
		code               int
	}{
		{path, `{"name":`, "body", http.StatusBadRequest},
		{path, `{"nome":"Ada"}`, "nome", http.StatusBadRequest},
		{path, `{"name":" "}`, "name", http.StatusBadRequest},
		{path, `{"name":"` + strings.Repeat("a", maxName+1) + `"}`, "name", http.StatusBadRequest},
		{path, `{"name":"` + strings.Repeat("a", maxBody) + `"}`, "body", http.StatusRequestEntityTooLarge},
		{"/person/no%20id", `{"name":"Ada"}`, "id", http.StatusBadRequest},
	} {
		code, answer := s.request(http.MethodPut, c.path, c.body)
		s.Equal(c.code, code, "%.60s", c.body)
		s.Contains(answer["error"], c.reason, "%.60s", c.body)
	}
	code, _ := s.request(http.MethodGet, path, "")
	s.Equal(http.StatusNotFound, code, "nothing of it may have been kept")
}
