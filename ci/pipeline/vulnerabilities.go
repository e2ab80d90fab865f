package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/vulnerability"
	"github.com/slipway-cd/slipway/ci/vulnerability/gate"
)

// scans reports whether the run looks for known vulnerabilities: where its images are tested, and the application asks for it.
func (r *Run) scans() bool {
	return r.app.Evidence.Vulnerabilities != nil && Reaches(r.opts.Until, "functional")
}

// checkPolicy finds what is wrong with what the application says of vulnerabilities before anything is built.
func (r *Run) checkPolicy() error {
	if r.app.Evidence.Vulnerabilities == nil {
		return nil
	}
	return gate.Check(*r.app.Evidence.Vulnerabilities, r.env.Tree)
}

// checkVulnerabilities waits for what is known of the images' contents, reports all of it, and fails when the application is not to
// be released with it.
func (r *Run) checkVulnerabilities(ctx context.Context, stage string) (err error) {
	if !r.scans() {
		return nil
	}
	r.note(stage, "look for known vulnerabilities")
	defer r.journal.EngineTime()()
	if err := r.proof.Built.Wait(ctx); err != nil {
		return err
	}
	var scans []vulnerability.Scan
	for _, known := range r.proof.Built.Images {
		scans = append(scans, known.Scans...)
	}
	r.report.Vulnerabilities, err = gate.Judge(*r.app.Evidence.Vulnerabilities, r.env.Tree, scans, func(text string) { r.note(stage, text) })
	return err
}
