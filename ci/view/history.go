package view

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/status"
)

// PrintHistory prints what became of the deploys to production.
func PrintHistory(all []status.Deploys, mode report.Mode, screen report.Screen) error {
	return printEach(all, mode, screen, func(d status.Deploys) string { return d.Environment }, historyText)
}

// WriteHistory writes the same as a page with charts.
func WriteHistory(file string, d status.Deploys) error {
	content, err := report.History{Namespace: d.Namespace, Time: d.Time, Deploys: d.Deploys, Months: d.Months}.Page()
	if err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// historyText returns the deploys for people: a table, and why some did not stay.
func historyText(d status.Deploys, screen report.Screen) string {
	parts := []string{deploysTable(d, screen), notReleased(d, screen), monthsTable(d, screen), unreadable(d, screen)}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "\n")
}

func deploysTable(d status.Deploys, screen report.Screen) string {
	if len(d.Deploys) == 0 {
		return "Nothing was deployed to " + d.Namespace + " since then.\n"
	}
	var rows [][]string
	for _, one := range d.Deploys {
		rows = append(rows, []string{one.Version, known(short(one.Commit)), one.Ended.UTC().Format("2006-01-02 15:04"), known(one.Who), known(lead(one)),
			result(one), known(short(one.Digest)), one.Run, known(proven(one.Evidence))})
	}
	return screen.Heading("Deploys to "+d.Namespace+", the newest first, in UTC") + "\n" + tableOf([]string{"VERSION", "COMMIT", "WHEN", "WHO", "LEAD TIME", "RESULT", "DIGEST", "RUN", "EVIDENCE"}, rows)
}

// notReleased tells why deploys did not stay in production.
func notReleased(d status.Deploys, screen report.Screen) string {
	out := ""
	for _, one := range d.Deploys {
		if one.Result == history.Released {
			continue
		}
		text := fmt.Sprintf("%s of run %s: %s", one.Version, one.Run, one.Result)
		if one.Stage != "" {
			text += " in " + one.Stage
		}
		if one.ExitCode != 0 {
			text += fmt.Sprintf(", exit code %d", one.ExitCode)
		}
		if one.Cause != "" {
			text += ": " + one.Cause
		}
		out += "  " + shown(one, text, screen) + "\n" + after(one)
	}
	return below(screen.Heading("What did not stay in "+cmp.Or(d.Environment, "production"))+"\n", out)
}

// monthsTable has DORA's four keys.
func monthsTable(d status.Deploys, screen report.Screen) string {
	var rows [][]string
	for _, m := range slices.Backward(d.Months) {
		rows = append(rows, []string{m.Month, report.Frequency(m), report.Took(m.LeadSeconds), report.Rate(m), report.Took(m.RecoverySeconds)})
	}
	if len(rows) == 0 {
		return ""
	}
	return screen.Heading("DORA's four keys by month, medians") + "\n" + tableOf([]string{"MONTH", "DEPLOYMENTS", "LEAD TIME", "FAILED", "RECOVERY TIME"}, rows)
}

// shown colours what was left changed, and what users met.
func shown(one history.Deploy, text string, screen report.Screen) string {
	switch one.Result {
	case history.Stuck:
		return screen.Bad(text)
	case history.Undone:
		return screen.Attention(text)
	}
	return text
}

// after tells what became of production.
func after(one history.Deploy) string {
	text := ""
	switch {
	case one.Result == history.Stuck:
		text = "production could not be put back"
	case one.Result == history.Undone && one.Back == "":
		text = "the first deploy was removed"
	case one.Result == history.Undone:
		text = "production was put back to " + one.Back
	default:
		return ""
	}
	if one.RecoveredBy != "" && one.RecoveredBy != one.Run {
		text += " by run " + one.RecoveredBy
	}
	if !one.Begun.IsZero() {
		text += ", " + duration.HumanDuration(one.Ended.Sub(one.Begun)) + " after it was changed"
	}
	return "    " + text + "\n"
}

func unreadable(d status.Deploys, screen report.Screen) string {
	out := ""
	for _, b := range d.Broken {
		out += "  " + screen.Bad(b.String()) + "\n" + hint(b.Remove, "remove the record")
	}
	return below("Records that cannot be read:\n", out)
}

func result(one history.Deploy) string {
	if one.Rollback && one.Result == history.Released {
		return "rolled back to"
	}
	return string(one.Result)
}

func lead(one history.Deploy) string {
	if one.LeadSeconds == 0 {
		return ""
	}
	return duration.HumanDuration(time.Duration(one.LeadSeconds * float64(time.Second)))
}

// proven is what was known of the image, in a few words.
func proven(told *history.Evidence) string {
	if told == nil {
		return ""
	}
	tests := fmt.Sprintf("%d tests", told.Passed)
	switch told.Passed {
	case 0: // there are none: it answered, or was ready
		tests = "health"
	case 1:
		tests = "1 test"
	}
	if told.SBOM != "" {
		tests += ", SBOM"
	}
	if told.Provenance != "" {
		tests += ", provenance"
	}
	return strings.TrimSuffix(tests+" by "+told.Signer, " by ")
}

// known stands for what is not.
func known(text string) string { return cmp.Or(text, "-") }
