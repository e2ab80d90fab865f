package command

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

type statusCommand struct{}

// Run prints what runs where.
func (c *statusCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := report.ParseMode(f.Output)
	if err != nil {
		return pipeline.Usage("--output: %w", err)
	}
	in, err := f.cluster(ctx)
	if err != nil {
		return err
	}
	status, err := pipeline.StatusOf(ctx, in, f.Namespace, f.BuildNamespace)
	if err != nil {
		return err
	}
	if mode == report.JSON {
		return printJSON(f.host.screen().Out, status)
	}
	_, err = io.WriteString(f.host.screen().Out, statusText(status, f.host.screen(), time.Now()))
	return err
}

// statusText returns the status as tables for people.
func statusText(s pipeline.Status, screen report.Screen, now time.Time) string {
	var releases, running, runs [][]string
	for _, r := range s.Releases {
		releases = append(releases, []string{r.Version, short(r.Digest), short(r.Commit), r.Run, age(now, r.Time)})
	}
	for _, w := range s.Running {
		if len(w.Images) == 0 {
			running = append(running, []string{w.Name, "-", fmt.Sprintf("0/%d", w.Wanted)})
		}
		for _, i := range w.Images {
			running = append(running, []string{w.Name, short(i.Image), fmt.Sprintf("%d/%d", i.Ready, w.Wanted)})
		}
	}
	for _, r := range s.Runs {
		runs = append(runs, []string{r.ID, r.Data["version"], age(now, r.Started), age(now, r.Seen)})
	}
	lock := "nobody"
	if s.Lock != nil {
		lock = fmt.Sprintf("%s, for %s, renewed %s ago", s.Lock.Name, age(now, s.Lock.Acquired), age(now, s.Lock.Renewed))
	}
	waiting := ""
	if len(s.Queue) > 0 {
		var queue [][]string
		for _, w := range s.Queue {
			queue = append(queue, []string{w.Name, age(now, w.Since), age(now, w.Renewed)})
		}
		waiting = screen.Heading("Waiting for it, the next in line first") + "\n" + table("", "RUN AGE SEEN", queue)
	}
	return screen.Heading("Releases in "+s.Namespace+", the current one first") + "\n" +
		table("nothing was released", "VERSION DIGEST COMMIT RUN AGE", releases) +
		screen.Heading("Running in "+s.Namespace) + "\n" +
		table("nothing runs", "DEPLOYMENT DIGEST READY", running) +
		screen.Heading("Runs in "+s.BuildNamespace) + "\n" +
		table("none", "RUN VERSION AGE SEEN", runs) +
		screen.Heading("Production lock") + "\n  " + lock + "\n" + waiting
}

func table(empty, columns string, rows [][]string) string {
	if len(rows) == 0 {
		return "  " + empty + "\n"
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{strings.Fields(columns)}, rows...) {
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

func age(now, then time.Time) string { return duration.HumanDuration(now.Sub(then)) }
