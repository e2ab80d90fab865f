package manifest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
)

// reading is what became known while kustomize read files.
type reading struct {
	overlay string
	closed  bool     // nothing is decrypted
	refused error    // why the first of them is not given to kustomize, which says no more than that there is none
	plain   [][]byte // what was in clear text
	secrets []secret
}

// secret is a value that was encrypted.
type secret struct{ file, value string }

// shortest is the length from which on a value is looked for: shorter ones occur by chance.
const shortest = 4

// read returns what kustomize is to see of a file.
func (s source) read(name string, content []byte) ([]byte, error) {
	short := strings.TrimPrefix(name, s.reading.overlay+"/")
	clear, values, err := content, []string(nil), error(nil)
	if !s.reading.closed {
		clear, values, err = decrypted(s.tree, content)
	}
	if err != nil {
		err = fmt.Errorf("%s %w", short, err)
	} else if slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name)) {
		err = s.refuseRemote(path.Dir(name), clear)
	}
	if err != nil {
		if s.reading.refused == nil {
			s.reading.refused = err
		}
		return nil, err
	}
	if values == nil {
		s.reading.plain = append(s.reading.plain, content)
	}
	for _, value := range values {
		s.reading.secrets = append(s.reading.secrets, secret{short, value})
	}
	return clear, nil
}

// public tells whether a text is in a file that is not encrypted: whoever has the repository knows it.
func (r *reading) public(text string) bool {
	return slices.ContainsFunc(r.plain, func(content []byte) bool { return bytes.Contains(content, []byte(text)) })
}

// check refuses objects other than Secrets with values that were encrypted: plans, reports and diagnoses show those objects as
// they are.
func (r *reading) check(objects []*unstructured.Unstructured) error {
	sought := slices.DeleteFunc(slices.Clone(r.secrets), func(s secret) bool { return len(s.value) < shortest || r.public(s.value) })
	if len(sought) == 0 {
		return nil
	}
	for _, object := range objects {
		if object.GetAPIVersion() == "v1" && object.GetKind() == "Secret" {
			continue
		}
		for _, s := range sought {
			if occurs(object.Object, s.value) || occurs(object.Object, base64.StdEncoding.EncodeToString([]byte(s.value))) {
				return fmt.Errorf("%s %s: has a value that SOPS encrypted in %s, which only a Secret keeps out of plans and reports: use a secretGenerator, "+
					"or encrypt no more than what is secret", object.GetKind(), object.GetName(), s.file)
			}
		}
	}
	return nil
}

// occurs tells whether a text is in one of the values within.
func occurs(within any, text string) bool {
	switch within := within.(type) {
	case map[string]any:
		for _, value := range within {
			if occurs(value, text) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(within, func(value any) bool { return occurs(value, text) })
	case nil, bool:
	default:
		return strings.Contains(fmt.Sprint(within), text)
	}
	return false
}

// word is what kustomize's errors quote, be it shortened.
var word = regexp.MustCompile("[^\\s\"'`]+")

// mask hides in an error what is known from encrypted files alone.
func (r *reading) mask(err error) error {
	if len(r.secrets) == 0 || err == nil {
		return err
	}
	return errors.New(word.ReplaceAllStringFunc(err.Error(), func(quoted string) string {
		part := strings.TrimSuffix(strings.Trim(quoted, "()[]{},:;"), "...")
		secret := slices.ContainsFunc(r.secrets, func(s secret) bool {
			return strings.Contains(s.value, part) || len(s.value) >= shortest && strings.Contains(quoted, s.value)
		})
		if len(part) < shortest || !secret || r.public(part) {
			return quoted
		}
		return "***"
	}))
}
