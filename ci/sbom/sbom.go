// Package sbom reads which packages a CycloneDX document lists, and tells how two lists differ. It does not know of which image
// a list is, nor where it comes from.
package sbom

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Packages are the versions of each package by its name, which begins with its kind: "golang/golang.org/x/net".
type Packages map[string][]string

// component is what is read of one (https://cyclonedx.org/docs/1.6/json/#components).
type component struct {
	Type       string      `json:"type"`
	Group      string      `json:"group"`
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	URL        string      `json:"purl"`
	Components []component `json:"components"`
}

// Add adds what a document in JSON lists. Files are no packages.
func (p Packages) Add(document []byte) error {
	var read struct {
		Format     string      `json:"bomFormat"`
		Components []component `json:"components"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return fmt.Errorf("it is no CycloneDX document: %w", err)
	}
	if read.Format != "CycloneDX" {
		return fmt.Errorf("it is no CycloneDX document, but %q", read.Format)
	}
	p.add(read.Components)
	return nil
}

func (p Packages) add(components []component) {
	for _, c := range components {
		if name := c.name(); c.Type != "file" && !slices.Contains(p[name], c.Version) {
			p[name] = append(p[name], c.Version)
			slices.Sort(p[name])
		}
		p.add(c.Components)
	}
}

// name tells packages of the same name apart that are of different kinds, by their package URL where they have one
// (https://github.com/package-url/purl-spec).
func (c component) name() string {
	name := strings.TrimPrefix(c.Group+"/"+c.Name, "/")
	kind, _, found := strings.Cut(strings.TrimPrefix(c.URL, "pkg:"), "/")
	if !found {
		kind = c.Type
	}
	return kind + "/" + name
}

// Change is a package whose versions differ; where it is not there, it has none.
type Change struct {
	Package string   `json:"package"`
	From    []string `json:"from"`
	To      []string `json:"to"`
}

// Compare returns what changes from one list to another, by name.
func Compare(from, to Packages) []Change {
	all := maps.Clone(from)
	maps.Copy(all, to)
	out := []Change{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Equal(from[name], to[name]) {
			out = append(out, Change{name, append([]string{}, from[name]...), append([]string{}, to[name]...)})
		}
	}
	return out
}
