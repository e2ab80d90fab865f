package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// explain returns err in one line that begins with what, wrapping one of the package's errors where it is one.
func explain(ctx context.Context, what string, err error) error {
	cause := strings.Join(strings.Fields(err.Error()), " ")
	var answer *transport.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	case errors.Is(err, ErrDenied):
		return fmt.Errorf("%s: %w", what, err)
	case !errors.As(err, &answer):
		return fmt.Errorf("%s: %w: %s", what, ErrUnreachable, cause)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s: %w: log in with `docker login`: %s", what, ErrDenied, cause)
	}
	return fmt.Errorf("%s: %s", what, cause)
}
