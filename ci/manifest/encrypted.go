package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Decrypter is a tree that can open files which SOPS has encrypted.
type Decrypter interface {
	// Decrypt returns the clear text of a file in the format json, yaml, dotenv, ini or binary. The error is one line that
	// follows the file's name, and has nothing of the clear text.
	Decrypt(format string, content []byte) ([]byte, error)
}

// What SOPS adds to a file in each format, beside JSON, which binary files are, too.
var encryptedFormats = []struct {
	format string
	marks  []*regexp.Regexp
}{
	{"dotenv", []*regexp.Regexp{regexp.MustCompile(`(?m)^sops_mac=`)}},
	{"ini", []*regexp.Regexp{regexp.MustCompile(`(?m)^\[sops\]\s*$`), regexp.MustCompile(`(?m)^mac\s*=`)}},
	{"yaml", []*regexp.Regexp{regexp.MustCompile(`(?m)^["']?sops["']?:\s*$`), regexp.MustCompile(`(?m)^\s+["']?(mac|lastmodified)["']?:`)}},
}

// encryptedValue begins each value that SOPS has encrypted.
const encryptedValue = "ENC[AES256_GCM,"

// formatOf returns the format in which SOPS has encrypted a file; "" for a file in clear text. What is in it counts, for its
// name is anything: .env.enc, secrets.yaml.encrypted, password.
func formatOf(content []byte) string {
	if !bytes.Contains(content, []byte("sops")) { // nearly every file
		return ""
	}
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		var document map[string]json.RawMessage
		var added struct{ Mac, LastModified string }
		if json.Unmarshal(content, &document) != nil || json.Unmarshal(document["sops"], &added) != nil || added.Mac+added.LastModified == "" {
			return ""
		}
		if data := document["data"]; len(document) == 2 && bytes.HasPrefix(data, []byte(`"`+encryptedValue)) {
			return "binary"
		}
		return "json"
	}
	for _, known := range encryptedFormats {
		found := true
		for _, mark := range known.marks {
			found = found && mark.Match(content)
		}
		if found {
			return known.format
		}
	}
	return ""
}

// decrypted returns the clear text of what a file holds, and which values in it were encrypted.
func decrypted(tree any, content []byte) (clear []byte, values []string, err error) {
	format := formatOf(content)
	if format == "" {
		return content, nil, nil
	}
	with, ok := tree.(Decrypter)
	if !ok {
		return nil, nil, errors.New("is encrypted by SOPS, and nothing here decrypts it")
	}
	if clear, err = with.Decrypt(format, content); err != nil {
		return nil, nil, err
	}
	switch format {
	case "binary":
		return clear, []string{string(clear)}, nil
	case "dotenv", "ini":
		return clear, valuesOfLines(content, clear), nil
	}
	encrypted, err := documents(content)
	if err != nil {
		return nil, nil, errors.New("is encrypted by SOPS, and is no " + format)
	}
	now, err := documents(clear)
	if err != nil {
		return nil, nil, errors.New("was encrypted by SOPS, and what is in it is no " + format)
	}
	return clear, valuesOf(encrypted, now), nil
}

// documents returns those of a YAML file, which a JSON file is, too.
func documents(content []byte) (all []any, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var document any
		if err := decoder.Decode(&document); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, document)
	}
}

// valuesOf returns what stands in the clear text where the other has an encrypted value.
func valuesOf(encrypted, clear any) (values []string) {
	switch was := encrypted.(type) {
	case map[string]any:
		now, _ := clear.(map[string]any)
		for key := range was {
			values = append(values, valuesOf(was[key], now[key])...)
		}
	case []any:
		now, _ := clear.([]any)
		for i := range min(len(was), len(now)) {
			values = append(values, valuesOf(was[i], now[i])...)
		}
	case string:
		if _, truth := clear.(bool); strings.HasPrefix(was, encryptedValue) && clear != nil && !truth {
			values = append(values, fmt.Sprint(clear))
		}
	}
	return values
}

// valuesOfLines is the same of lines KEY=VALUE.
func valuesOfLines(encrypted, clear []byte) (values []string) {
	keys := map[string]bool{}
	for line := range strings.Lines(string(encrypted)) {
		if key, value, _ := strings.Cut(line, "="); strings.HasPrefix(strings.TrimSpace(value), encryptedValue) {
			keys[strings.TrimSpace(key)] = true
		}
	}
	for line := range strings.Lines(string(clear)) {
		if key, value, _ := strings.Cut(line, "="); keys[strings.TrimSpace(key)] {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}
