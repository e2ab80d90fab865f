// Package ready asks a part until it serves, and tells which do not. It does not
// know the parts, nor what to do about one that does not serve.
package ready

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Stuck tells what runs and does not serve.
type Stuck []Part

// Part is what has not served for as long as it was waited for.
type Part struct {
	Container string
	After     time.Duration
	Cause     error
}

// OrNil is nil where there are none.
func (e Stuck) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

func (e Stuck) Error() string {
	var lines []string
	for _, one := range e {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

func (e Part) String() string {
	return fmt.Sprintf("%s is not ready after %s: %v; `docker logs %s` may tell why", e.Container, e.After, e.Cause, e.Container)
}

// Until asks again every tenth of a second; what is asked cannot be watched
// before it serves. After a time it gives up; it ends with ctx, too.
func Until(ctx context.Context, container string, patience time.Duration, ask func(ctx context.Context) error) Stuck {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last := errors.New("not asked yet")
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return Stuck{{container, patience, last}}
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// HTTP expects a status, or any answer at all for 0.
func HTTP(ctx context.Context, url string, status int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if status != 0 && response.StatusCode != status {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
