// database writes a vulnerability database in Grype's own schema, by Grype's own library, of Go modules alone:
//
//	database FOLDER <vulnerabilities.json
//
// FOLDER is then what GRYPE_DB_CACHE_DIR names. It is made for tests, whose vulnerabilities are invented: a real one is downloaded.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/spf13/afero"
)

// vulnerability is one that all versions of a module have before the one that fixes it; all that there are where none does.
type vulnerability struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases"`
	Severity string   `json:"severity"`
	Module   string   `json:"module"`
	Fixed    string   `json:"fixed"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: database FOLDER <vulnerabilities.json")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "database:", err)
		os.Exit(1)
	}
}

// write writes the database and what Grype checks it by.
func write(folder string, in io.Reader) (err error) {
	var given []vulnerability
	if err := json.NewDecoder(in).Decode(&given); err != nil {
		return fmt.Errorf("vulnerabilities: %w", err)
	}
	folder = filepath.Join(folder, strconv.Itoa(v6.ModelVersion))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := fill(folder, given); err != nil {
		return err
	}
	_, err = v6.WriteImportMetadata(afero.NewOsFs(), folder, "manual import")
	return err
}

func fill(folder string, given []vulnerability) (err error) {
	database, err := v6.NewWriter(v6.Config{DBDirPath: folder})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	if err := database.SetDBMetadata(); err != nil {
		return err
	}
	now := time.Now().UTC()
	provider := &v6.Provider{ID: "github", Version: "1", Processor: "by hand", DateCaptured: &now, InputDigest: "xxh64:0"}
	for _, one := range given {
		handle := &v6.VulnerabilityHandle{Name: one.ID, Status: v6.VulnerabilityActive, Provider: provider, PublishedDate: &now, ModifiedDate: &now,
			BlobValue: &v6.VulnerabilityBlob{ID: one.ID, Aliases: one.Aliases, Description: "invented", Severities: []v6.Severity{{Scheme: v6.SeveritySchemeCHMLN, Value: one.Severity, Rank: 1}}}}
		if err := database.AddVulnerabilities(handle); err != nil {
			return fmt.Errorf("%s: %w", one.ID, err)
		}
		affected := v6.Range{Version: v6.Version{Type: "semver"}, Fix: &v6.Fix{State: v6.NotFixedStatus}}
		if one.Fixed != "" {
			affected.Version.Constraint = "<" + one.Fixed
			affected.Fix = &v6.Fix{State: v6.FixedStatus, Version: one.Fixed}
		}
		if err := database.AddAffectedPackages(&v6.AffectedPackageHandle{VulnerabilityID: handle.ID, Package: &v6.Package{Ecosystem: "go-module", Name: one.Module},
			BlobValue: &v6.PackageBlob{CVEs: one.Aliases, Ranges: []v6.Range{affected}}}); err != nil {
			return fmt.Errorf("%s: %w", one.ID, err)
		}
	}
	return nil
}
