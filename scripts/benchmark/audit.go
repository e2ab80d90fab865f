package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// event is what counts of a line of the audit log (audit.k8s.io/v1).
type event struct {
	AuditID    string `json:"auditID"`
	UserAgent  string `json:"userAgent"`
	Verb       string `json:"verb"`
	RequestURI string `json:"requestURI"`
	ObjectRef  *struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
}

// audit reads what was logged since the last reading.
type audit struct {
	path   string
	offset int64
}

// requests counts what programs whose user agent starts so have asked for, by
// kind of request. The server logs a request before its answer is complete, a
// watch when it begins: what an ended program asked for is all there.
func (a *audit) requests(agent string) (map[string]int, error) {
	file, err := os.Open(a.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.Seek(a.offset, io.SeekStart); err != nil {
		return nil, err
	}
	counts, seen := map[string]int{}, map[string]bool{}
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil { // the rest of a line that is being written is for next time
			return counts, ignoreEOF(err)
		}
		a.offset += int64(len(line))
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		if strings.HasPrefix(e.UserAgent, agent) && !seen[e.AuditID] {
			seen[e.AuditID] = true
			counts[e.what()]++
		}
	}
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// what puts a request into words: "patch deployments (dry run)".
func (e *event) what() string {
	at, err := url.Parse(e.RequestURI)
	if err != nil {
		at = &url.URL{Path: e.RequestURI}
	}
	what := e.Verb + " " + at.Path
	if e.ObjectRef != nil && e.ObjectRef.Resource != "" {
		what = e.Verb + " " + e.ObjectRef.Resource
		if e.ObjectRef.Subresource != "" {
			what += "/" + e.ObjectRef.Subresource
		}
	}
	if at.Query().Has("dryRun") {
		what += " (dry run)"
	}
	return what
}

// total is the sum of all kinds of request.
func total(counts map[string]int) float64 {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum)
}

// mostFirst is the counts on one line.
func mostFirst(counts map[string]int) string {
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", counts[kind], kind)
	}
	return strings.Join(kinds, ", ")
}
