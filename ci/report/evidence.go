package report

import "time"

// Evidence is what is attached to the image's digest in the registry.
type Evidence struct {
	Signer  string   `json:"signer,omitempty"`
	Without bool     `json:"without,omitempty"` // it was not asked for
	Tests   []Tested `json:"tests,omitempty"`   // that passed

	// Digests of the documents, in the image's repository.
	SBOM       string `json:"sbom,omitempty"`
	Provenance string `json:"provenance,omitempty"`

	// What the provenance says.
	Repository string `json:"repository,omitempty"`
	Commit     string `json:"commit,omitempty"`
	Clean      bool   `json:"clean,omitempty"` // the tree held nothing that the commit has not
	Builder    string `json:"builder,omitempty"`
}

// Tested is a suite that passed.
type Tested struct {
	Stage     string    `json:"stage"`
	Suite     string    `json:"suite,omitempty"`
	Passed    int       `json:"passed"`              // tests
	Addresses []string  `json:"addresses,omitempty"` // kinds of objects by which the application was reached
	Cluster   string    `json:"cluster,omitempty"`
	Finished  time.Time `json:"finished"`
	Run       string    `json:"run"`
	URL       string    `json:"url,omitempty"` // of the CI vendor's run
	Statement string    `json:"statement"`     // digest of the document
}
