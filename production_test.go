package main

import (
	"crypto/rand"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/suite"
)

// ProductionTestSuite is light and leaves nothing behind: it runs beside the users of the application at ADDRESS.
type ProductionTestSuite struct{ remoteSuite }

func TestProductionTestSuite(t *testing.T) { suite.Run(t, new(ProductionTestSuite)) }

func (s *ProductionTestSuite) TestIsReachable() {
	code, answer := s.request(http.MethodGet, "/health", "")
	s.Equal(http.StatusOK, code)
	s.Equal("ready", answer["status"])
}

func (s *ProductionTestSuite) TestReachesItsDatabase() {
	path := "/person/production-" + rand.Text()
	defer s.request(http.MethodDelete, path, "") // whatever happens

	code, _ := s.request(http.MethodPut, path, `{"name":"Ada"}`)
	s.Equal(http.StatusOK, code)
	code, answer := s.request(http.MethodGet, path, "")
	s.Equal(http.StatusOK, code)
	s.Equal("Ada", answer["name"])
	code, _ = s.request(http.MethodDelete, path, "")
	s.Equal(http.StatusNoContent, code)
}

func (s *ProductionTestSuite) TestVersionIsTheOneJustDeployed() {
	want := os.Getenv("VERSION")
	if want == "" {
		s.T().Skip("VERSION is not set: cannot tell which version should answer")
	}
	code, answer := s.request(http.MethodGet, "/version", "")
	s.Equal(http.StatusOK, code)
	s.Equal(want, answer["version"])
}
