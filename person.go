package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxBody      = 4 << 10 // bytes of a request's body
	maxName      = 200     // characters of a name
	queryTimeout = 5 * time.Second
)

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (s *Server) getPerson(w http.ResponseWriter, r *http.Request) {
	s.withID(w, r, func(ctx context.Context, id string) error {
		person, err := s.store.Get(ctx, id)
		if err == nil {
			respond(w, http.StatusOK, person)
		}
		return err
	})
}

func (s *Server) putPerson(w http.ResponseWriter, r *http.Request) {
	s.withID(w, r, func(ctx context.Context, id string) error {
		name, err := readName(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return err
		}
		person := Person{ID: id, Name: name}
		if err := s.store.Put(ctx, person); err != nil {
			return err
		}
		respond(w, http.StatusOK, person)
		return nil
	})
}

func (s *Server) deletePerson(w http.ResponseWriter, r *http.Request) {
	s.withID(w, r, func(ctx context.Context, id string) error {
		err := s.store.Delete(ctx, id)
		if err == nil {
			w.WriteHeader(http.StatusNoContent)
		}
		return err
	})
}

// withID calls do with the request's id and a deadline, and turns its error into an answer.
func (s *Server) withID(w http.ResponseWriter, r *http.Request, do func(ctx context.Context, id string) error) {
	id := r.PathValue("id")
	if !validID.MatchString(id) {
		respondError(w, http.StatusBadRequest, "id: 1 to 64 of the characters A-Z a-z 0-9 . _ - are allowed, the first a letter or digit")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	err := do(ctx, id)
	var bad badInput
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
	case errors.Is(err, ErrNotFound):
		respondError(w, http.StatusNotFound, fmt.Sprintf("person %s: not found", id))
	case errors.As(err, &tooLarge):
		respondError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("body: more than %d bytes", tooLarge.Limit))
	case errors.As(err, &bad):
		respondError(w, http.StatusBadRequest, bad.Error())
	default:
		// The cause may name hosts and users: it is for the log, not for the client.
		s.log.Error("database", "path", r.URL.Path, "error", err)
		respondError(w, http.StatusServiceUnavailable, "database not reachable")
	}
}

// badInput is an error that the client can mend; its text is shown to them.
type badInput string

func (b badInput) Error() string { return string(b) }

// readName returns the name in a body such as {"name":"Ada"}. Errors are badInput or *http.MaxBytesError.
func readName(body io.Reader) (string, error) {
	var input struct {
		Name string `json:"name"`
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&input)
	if err == nil {
		// What follows the object is read too, so that it is neither ignored nor left without a limit.
		if _, err = decoder.Token(); err == io.EOF {
			err = nil
		} else if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	var tooLarge *http.MaxBytesError
	name := strings.TrimSpace(input.Name)
	switch {
	case errors.As(err, &tooLarge):
		return "", err
	case err != nil:
		return "", badInput(fmt.Sprintf(`body: want JSON such as {"name":"Ada"}: %v`, err))
	case name == "":
		return "", badInput("name: must not be empty")
	case utf8.RuneCountInString(name) > maxName:
		return "", badInput(fmt.Sprintf("name: more than %d characters", maxName))
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", badInput("name: control characters are not allowed")
	}
	return name, nil
}
