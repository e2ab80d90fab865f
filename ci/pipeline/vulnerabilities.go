package pipeline

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/vulnerability"
)

// scans reports whether the run looks for known vulnerabilities: where its images are tested, and the application asks for it.
func (r *Run) scans() bool {
	return r.app.Evidence.Vulnerabilities != nil && Reaches(r.opts.Until, "functional")
}

// Where grype's container finds its database, and the SBOM.
const scanDatabase, scanList = "/database", "/sbom.json"

// scan has grype match an SBOM against the database that the application names. It needs no network: the database is as old as the
// application lets it be, and the report tells how old. The engine keeps the result for the same list and database.
func (r *Run) scan(ctx context.Context, image string, list *dagger.File) (vulnerability.Scan, error) {
	given := r.app.Evidence.Vulnerabilities
	var database *dagger.Directory
	if given.Database != "" {
		database = r.env.Engine.Source(given.Database)
	} else {
		database = r.env.Engine.Image(given.DatabaseImage).Rootfs()
	}
	text, err := r.env.Engine.Image(given.Image).
		WithMountedDirectory(scanDatabase, database).
		WithMountedFile(scanList, list).
		WithEnvVariable("GRYPE_DB_CACHE_DIR", scanDatabase).
		WithEnvVariable("GRYPE_DB_AUTO_UPDATE", "false").
		WithEnvVariable("GRYPE_DB_VALIDATE_AGE", "false").
		WithEnvVariable("GRYPE_CHECK_FOR_APP_UPDATE", "false").
		WithExec([]string{"/grype", "sbom:" + scanList, "--output", "json"}).
		Stdout(ctx)
	if err != nil {
		failure := r.env.Engine.Failure("no vulnerabilities can be looked for by "+given.Image, err)
		failure.Try = "name an image of grype that the engine can pull in .slipway.yaml, as evidence.vulnerabilities.image, and a database of its schema; docs/evidence.md says how to get one"
		return vulnerability.Scan{}, failure
	}
	found, err := vulnerability.ParseGrype([]byte(text), image)
	if err != nil {
		return found, fmt.Errorf("what %s printed of image %s: %w", given.Image, image, err)
	}
	return found, nil
}

// policy is what the application says of vulnerabilities, with its exceptions as the repository has them.
func (r *Run) policy() (vulnerability.Policy, error) {
	given := r.app.Evidence.Vulnerabilities
	out := vulnerability.Policy{Severity: vulnerability.Severity(given.Severity), FixedOnly: given.FixedOnly}
	if given.Exceptions == "" {
		return out, nil
	}
	content, err := fs.ReadFile(r.env.Tree, given.Exceptions)
	if err != nil {
		return out, exit.Usagef("evidence.vulnerabilities.exceptions: %w", err)
	}
	if out.Exceptions, err = vulnerability.ParseExceptions(content); err != nil {
		return out, exit.Usagef("evidence.vulnerabilities.exceptions: %s: %w", given.Exceptions, err)
	}
	return out, nil
}

// checkPolicy finds what is wrong with it before anything is built.
func (r *Run) checkPolicy() error {
	given := r.app.Evidence.Vulnerabilities
	if given == nil {
		return nil
	}
	if given.Database != "" {
		folder, err := fs.Stat(r.env.Tree, given.Database)
		if err != nil {
			return exit.Usagef("evidence.vulnerabilities.database: %w", err)
		}
		if !folder.IsDir() {
			return exit.Usagef("evidence.vulnerabilities.database: %s is a file: want the folder that GRYPE_DB_CACHE_DIR names", given.Database)
		}
	}
	_, err := r.policy()
	return err
}

// shownFindings is how many findings a failure lists; the report has all.
const shownFindings = 20

// checkVulnerabilities is the gate: it waits for what is known of the images' contents, reports all of it, and fails when the
// application is not to be released with it.
func (r *Run) checkVulnerabilities(ctx context.Context, stage string) error {
	if !r.scans() {
		return nil
	}
	r.note(stage, "look for known vulnerabilities")
	defer r.journal.EngineTime()()
	if err := r.proof.built.wait(ctx); err != nil {
		return err
	}
	policy, err := r.policy()
	if err != nil {
		return err
	}
	var all []vulnerability.Finding
	reported := &report.Vulnerabilities{Severity: string(policy.Severity)}
	for _, known := range r.proof.built.images {
		for _, scan := range known.scans {
			all, reported.Scanner = append(all, scan.Findings...), scan.Scanner
			if !scan.Database.IsZero() {
				reported.Database = &scan.Database
			}
		}
	}
	verdict := policy.Judge(all, time.Now())
	for _, exception := range verdict.Unused {
		r.note(stage, "warning: "+r.app.Evidence.Vulnerabilities.Exceptions+": the exception for "+exception.String()+" matches nothing that was found: remove it")
	}
	for _, one := range verdict.Judged {
		reported.Found = append(reported.Found, told(one))
	}
	r.report.Vulnerabilities = reported
	cause := verdict.Cause()
	if cause == "" {
		return nil
	}
	failure := &exit.Failure{Code: exit.Checks, Cause: cause, Err: fmt.Errorf("images are not released: %s", cause),
		Try: "update the package, or the base image that has it; or except it for some time, in the file that evidence.vulnerabilities.exceptions names"}
	refused := verdict.Refused()
	for _, one := range refused[:min(len(refused), shownFindings)] {
		failure.Evidence = append(failure.Evidence, one.String())
	}
	if more := len(refused) - shownFindings; more > 0 {
		failure.Evidence = append(failure.Evidence, fmt.Sprintf("and %d more in report.html", more))
	}
	return failure
}

// told is a finding as the report has it.
func told(one vulnerability.Judged) report.Vulnerability {
	out := report.Vulnerability{ID: one.ID, Aliases: one.Aliases, Severity: string(one.Severity), Package: one.Package, Version: one.Version,
		FixedIn: one.Fixed, Image: one.Image, Result: string(one.Result)}
	if one.Exception != nil {
		out.Excepted = &report.Exception{Until: one.Exception.Until, Reason: one.Exception.Reason, Expired: one.Expired}
	}
	return out
}
