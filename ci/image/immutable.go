package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// ErrImmutable is the error of a tag that points elsewhere and that the registry does not move.
var ErrImmutable = errors.New("the registry does not move the tag")

// explainPut is explain for a tag that could not be put at want. Registries with immutable tags say so each in a way of their
// own, some also where the tag is already there: what is there now tells.
func (r *Registry) explainPut(ctx context.Context, tag name.Tag, want string, err error) error {
	if err == nil {
		return nil
	}
	what := strings.Replace(tag.Name(), name.DefaultRegistry+"/", "docker.io/", 1)
	var answer *transport.Error
	if !errors.As(err, &answer) || !slices.Contains(refusals, answer.StatusCode) {
		return explain(ctx, what, err)
	}
	there, missing := r.puller.Head(ctx, tag)
	switch {
	case missing != nil:
		return explain(ctx, what, err)
	case there.Digest.String() == want:
		return nil
	}
	return fmt.Errorf("%s: %w: it points to %s, not %s: %s", what, ErrImmutable, there.Digest, want, strings.Join(strings.Fields(err.Error()), " "))
}

// refusals are how registries answer when a tag may not be moved: ECR and Artifact Registry 400, GitLab 403, ACR 405, Quay 409,
// Harbor 412.
var refusals = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusConflict, http.StatusPreconditionFailed}
