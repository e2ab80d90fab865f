package view

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
)

// tables list releases, Deployments and the queue.
func (w statusWords) tables() string {
	var releases, running, queue [][]string
	for _, r := range w.Releases {
		releases = append(releases, []string{r.Version, short(r.Digest), short(r.Commit), r.Run, w.age(r.Time)})
	}
	for _, workload := range w.Running {
		if len(workload.Images) == 0 {
			running = append(running, []string{workload.Name, "-", fmt.Sprintf("0/%d", workload.Wanted)})
		}
		for _, i := range workload.Images {
			running = append(running, []string{workload.Name, short(i.Image), fmt.Sprintf("%d/%d", i.Ready, workload.Wanted)})
		}
	}
	for _, waiter := range w.Queue {
		queue = append(queue, []string{waiter.Name, w.age(waiter.Since), w.age(waiter.Renewed)})
	}
	var out []string
	for _, t := range []struct {
		title, columns string
		rows           [][]string
	}{
		{"Releases in " + w.Namespace + ", the current one first", "VERSION DIGEST COMMIT RUN AGE", releases},
		{"Running in " + w.Namespace, "DEPLOYMENT DIGEST READY", running},
		{"Waiting for the lock, the next in line first", "RUN AGE SEEN", queue},
	} {
		if len(t.rows) > 0 {
			out = append(out, w.screen.Heading(t.title)+"\n"+table(t.columns, t.rows))
		}
	}
	return strings.Join(out, "\n")
}

func table(columns string, rows [][]string) string { return tableOf(strings.Fields(columns), rows) }

func tableOf(columns []string, rows [][]string) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{columns}, rows...) {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return out.String()
}

// short cuts an image to its digest, and digests and commits to 12 characters.
func short(id string) string {
	_, digest, found := strings.Cut(id, "@")
	if found {
		id = digest
	}
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}

// age is how long ago something was, as kubectl prints it.
func (w statusWords) age(then time.Time) string { return duration.HumanDuration(w.Time.Sub(then)) }
