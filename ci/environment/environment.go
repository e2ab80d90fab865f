// Package environment decides through which of an application's environments a run goes, in their order, and where it ends to wait
// for somebody's approval. It knows neither clusters nor stages of one.
package environment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Wanted is what the user says of a run.
type Wanted struct {
	Until    string   // a stage or an environment; empty: all of them
	From     string   // the environment to begin with; empty: the first, or the first that is approved
	Approved []string // environments that need not wait
	Released bool     // the version was released before, nothing is built
	Given    []string // other flags of the command line, as a shell takes them
}

// Way is how far a run goes.
type Way struct {
	Until   string                    // a stage of the pipeline
	Through []description.Environment // where it deploys, in order
	After   string                    // the environment that the version must have passed before; empty: none
	Waits   string                    // the environment that waits for an approval, after those; empty: none
	Later   []Later                   // those that the run does not come to
	end     string                    // --until, as it was given
	given   string                    // other flags that the user gave, which a run that goes on needs, too
}

// Later is an environment that a run does not come to.
type Later struct {
	description.Environment
	Why string
}

// beforeAll are the stages that no environment has a part in.
var beforeAll = []string{"build", "functional", "release"}

// Choose returns the way of a run of an application that has environments. Errors are of exit code 2 and name the flag.
func Choose(all []description.Environment, w Wanted) (Way, error) {
	out := Way{Until: "production", end: w.Until, given: strings.Join(append([]string{""}, w.Given...), " ")}
	begin, end, err := w.span(all)
	if err != nil {
		return out, err
	}
	if end < 0 {
		out.Until = w.Until
	}
	if begin > 0 {
		out.After = all[begin-1].Name
	}
	for i, e := range all[begin:] {
		switch {
		case begin+i > end:
			out.Later = append(out.Later, Later{e, "not requested: --until " + w.Until})
			continue
		case out.Waits == "" && e.Manual && !slices.Contains(w.Approved, e.Name):
			out.Waits = e.Name
		case out.Waits == "":
			out.Through = append(out.Through, e)
			continue
		}
		out.Later = append(out.Later, Later{e, "waits for the approval of " + out.Waits})
	}
	switch {
	case len(out.Through) > 0 || end < 0:
	case w.Released:
		return out, exit.Usagef("--from release: %s waits for an approval: give --approve %[1]s", out.Waits)
	default:
		out.Until = "release"
	}
	return out, nil
}

// span returns the first and the last environment that are wanted; the last is -1 where the run ends before all of them.
func (w Wanted) span(all []description.Environment) (begin, end int, err error) {
	for _, name := range w.Approved {
		switch i := index(all, name); {
		case i < 0:
			return 0, 0, unknown(all, "--approve", name)
		case !all[i].Manual:
			return 0, 0, exit.Usagef("--approve %s: it waits for nobody: leave this out", name)
		}
	}
	end = index(all, w.Until)
	switch {
	case w.Until == "" || w.Until == "production" && end < 0:
		end = len(all) - 1
	case end < 0 && !slices.Contains(beforeAll, w.Until):
		return 0, 0, exit.Usagef("--until %q: want one of %s, or one of the environments %s", w.Until, strings.Join(beforeAll, ", "), names(all))
	}
	if begin, err = w.first(all); err == nil && end >= 0 && end < begin {
		err = exit.Usagef("--until %s: it comes before %s, where the run begins", w.Until, all[begin].Name)
	}
	return begin, end, err
}

// first is the environment to begin with.
func (w Wanted) first(all []description.Environment) (int, error) {
	switch i := index(all, w.From); {
	case w.From != "" && i < 0:
		return 0, unknown(all, "--environment", w.From)
	case w.From != "" && !w.Released:
		return 0, exit.Usagef("--environment %s: a commit goes through all of %s: give --until to end with one, or --from release and --version to begin with one", w.From, names(all))
	case w.From != "":
		return i, nil
	case !w.Released || len(w.Approved) == 0:
		return 0, nil
	}
	return slices.IndexFunc(all, func(e description.Environment) bool { return slices.Contains(w.Approved, e.Name) }), nil
}

// One returns the environment of that name, for a command that is about one alone. Without a name the error tells which there are.
func One(all []description.Environment, name string) (description.Environment, error) {
	i := index(all, name)
	switch {
	case name == "" && len(all) > 0:
		return description.Environment{}, exit.Usagef("--environment: missing; give one of %s", names(all))
	case i < 0:
		return description.Environment{}, unknown(all, "--environment", name)
	}
	return all[i], nil
}

func unknown(all []description.Environment, flag, name string) error {
	if len(all) == 0 {
		return exit.Usagef("%s %s: %s describes no environments", flag, name, description.File)
	}
	return exit.Usagef("%s %s: no such environment; want one of %s", flag, name, names(all))
}

func names(all []description.Environment) string {
	return strings.Join(description.Application{Environments: all}.EnvironmentNames(), ", ")
}

func index(all []description.Environment, name string) int {
	return slices.IndexFunc(all, func(e description.Environment) bool { return e.Name == name })
}

// GoOn is the command with which a version goes on once the environment that waits is approved.
func (w Way) GoOn(program, version string) string {
	return w.command(program, version) + " --approve " + w.Waits
}

// Again is the command with which a version that has failed in an environment begins there again.
func (w Way) Again(program, version, at string) string {
	command := w.command(program, version) + " --environment " + at
	if w.Approved(at) {
		command += " --approve " + at
	}
	return command
}

// Approved reports whether an environment that the run goes through was approved.
func (w Way) Approved(name string) bool {
	return slices.ContainsFunc(w.Through, func(e description.Environment) bool { return e.Name == name && e.Manual })
}

func (w Way) command(program, version string) string {
	command := fmt.Sprintf("%s --from release --version %s%s", program, version, w.given)
	if w.end != "" {
		command += " --until " + w.end
	}
	return command
}
