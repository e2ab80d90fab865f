package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/slipway-cd/slipway/ci/report"
)

// publish adds the run's summary to the page that the CI vendor shows for the run: GitHub
// names a file to add to
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary),
// Azure takes one that a command names.
func publish(done report.Report, folder string, out io.Writer, getenv func(string) string) error {
	switch done.Vendor {
	case "github":
		return appendTo(getenv("GITHUB_STEP_SUMMARY"), report.Summary(done))
	case "azure":
		summary, err := filepath.Abs(filepath.Join(folder, "summary.md"))
		if err == nil {
			_, err = fmt.Fprintf(out, "##vso[task.uploadsummary]%s\n", summary)
		}
		return err
	}
	return nil
}

func appendTo(path, text string) error {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("summary of the run: %w", err)
	}
	_, err = io.WriteString(file, text+"\n")
	return errors.Join(err, file.Close())
}
