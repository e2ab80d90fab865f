package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/stretchr/testify/suite"
)

// remoteSuite is what the functional and the production suite share: a client for the application at ADDRESS.
type remoteSuite struct {
	suite.Suite
	address string
	client  *http.Client
}

// SetupSuite skips the suite when there is no ADDRESS to test.
func (s *remoteSuite) SetupSuite() {
	s.address = strings.TrimSuffix(os.Getenv("ADDRESS"), "/")
	if s.address == "" {
		s.T().Skip("ADDRESS is not set: nothing to test against, want a base URL such as http://localhost:8080/demo")
	}
	// A connection kept alive could lead to a pod of the version before.
	transport := &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}
	s.client = &http.Client{Timeout: 10 * time.Second, Transport: transport}
}

// request sends one request to path below ADDRESS, and returns the status code and the JSON that came back.
func (s *remoteSuite) request(method, path, body string) (int, map[string]string) {
	request, err := http.NewRequestWithContext(s.T().Context(), method, s.address+path, strings.NewReader(body))
	s.Require().NoError(err)
	request.Header.Set("traceparent", os.Getenv("TRACEPARENT"))
	response, err := s.client.Do(request)
	s.Require().NoError(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	s.Require().NoError(err)
	answer := map[string]string{}
	if len(content) > 0 {
		s.Require().NoErrorf(json.Unmarshal(content, &answer), "%s %s answered %d with something that is not ours: %.200s",
			method, path, response.StatusCode, content)
	}
	return response.StatusCode, answer
}
