package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Dir is the folder of one run's reports (see Write) and of logs/STAGE.log. It may be used concurrently.
type Dir struct {
	path string

	mutex sync.Mutex
	logs  map[string]*os.File
	kept  []string // files beside the reports
}

// Create makes the folder if it does not exist yet.
func Create(path string) (*Dir, error) {
	if err := os.MkdirAll(filepath.Join(path, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("report %s: %w", path, err)
	}
	return &Dir{path: path, logs: map[string]*os.File{}}, nil
}

// Path returns the folder as it was given to Create.
func (d *Dir) Path() string { return d.path }

// LogPath returns the file that Log writes to.
func (d *Dir) LogPath(stage string) string { return filepath.Join(d.path, "logs", stage+".log") }

// Log returns the writer of a stage's log, opened at the first call and closed by Close. Each Write is appended as a
// whole, even if others write to the file too.
func (d *Dir) Log(stage string) (io.Writer, error) {
	if stage != filepath.Base(stage) {
		return nil, fmt.Errorf("log of stage %q: want a plain name", stage)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if log := d.logs[stage]; log != nil {
		return log, nil
	}
	log, err := os.OpenFile(d.LogPath(stage), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of stage %s: %w", stage, err)
	}
	d.logs[stage] = log
	return log, nil
}

// tailBytes bounds what Tail reads of a log that may be very long.
const tailBytes = 64 << 10

// Tail returns the last lines of a stage's log, at most count, without empty lines and control characters. It returns
// nothing for a log that cannot be read: Tail serves to explain a failure and must not be a second one.
func (d *Dir) Tail(stage string, count int) []string {
	file, err := os.Open(d.LogPath(stage))
	if err != nil {
		return nil
	}
	defer file.Close()
	cut := false
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		_, err := file.Seek(-tailBytes, io.SeekEnd)
		cut = err == nil
	}
	content, err := io.ReadAll(io.LimitReader(file, tailBytes))
	if err != nil {
		return nil
	}
	if cut {
		_, content, _ = bytes.Cut(content, []byte("\n"))
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if text := clean(line); text != "" {
			lines = append(lines, text)
		}
	}
	return lines[max(0, len(lines)-count):]
}

// Keep writes a file beside the reports, which the page links to.
func (d *Dir) Keep(name string, content []byte) error {
	if name != filepath.Base(name) {
		return fmt.Errorf("report %s: %q: want a plain name", d.path, name)
	}
	if err := os.WriteFile(filepath.Join(d.path, name), content, 0o644); err != nil {
		return fmt.Errorf("report %s: %w", d.path, err)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.kept = append(d.kept, name)
	return nil
}

// StepPath is where a file is kept that a step leaves.
func (d *Dir) StepPath(step, name string) string { return filepath.Join(d.path, "steps", step, name) }

// Keeps has the page link to a file or folder that somebody has put beside the reports.
func (d *Dir) Keeps(name string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.kept = append(d.kept, name)
}

// Kept returns the files and folders beside the reports.
func (d *Dir) Kept() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return slices.Clone(d.kept)
}

// Write writes report.json, report.html, junit.xml and summary.md. Each replaces
// the former one atomically, so that nobody reads half of it.
func (d *Dir) Write(report Report) error {
	report = report.withLists()
	d.mutex.Lock()
	report.Files = slices.Sorted(slices.Values(d.kept))
	d.mutex.Unlock()
	for _, file := range []struct {
		name    string
		content func(Report) ([]byte, error)
	}{
		{"report.json", func(report Report) ([]byte, error) {
			content, err := json.MarshalIndent(report, "", "  ")
			return append(content, '\n'), err
		}},
		{"junit.xml", junitOf},
		{"report.html", pageOf},
		{"summary.md", func(report Report) ([]byte, error) { return []byte(Summary(report)), nil }},
	} {
		content, err := file.content(report)
		if err == nil {
			err = d.replace(file.name, content)
		}
		if err != nil {
			return fmt.Errorf("report %s: %w", filepath.Join(d.path, file.name), err)
		}
	}
	return nil
}

func (d *Dir) replace(name string, content []byte) error {
	file, err := os.CreateTemp(d.path, ".*-"+name)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	// Only its owner may read a temporary file; a report is for everybody who may read the folder.
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), filepath.Join(d.path, name))
}

// Close closes the logs.
func (d *Dir) Close() error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var errs []error
	for stage, log := range d.logs {
		errs = append(errs, log.Close())
		delete(d.logs, stage)
	}
	return errors.Join(errs...)
}
