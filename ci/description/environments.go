package description

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Environment is one of several places that a version goes through, each as production is where there is one alone.
type Environment struct {
	Name      string `json:"name" jsonschema:"required,pattern=^[a-z]([a-z0-9-]{0\\,28}[a-z0-9])?$" jsonschema_description:"How commands and reports call it."`
	Context   string `json:"context,omitempty" jsonschema:"minLength=1" jsonschema_description:"The context of its cluster in the kubeconfig of production; without it the one that production has by flags."`
	Namespace string `json:"namespace,omitempty" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?$" jsonschema_description:"Its namespace; without it the application's name, a dash and its own."`
	Overlay   string `json:"overlay,omitempty" jsonschema:"minLength=1" jsonschema_description:"Its overlay; without it kustomize/overlays/ and its name."`
	Address   string `json:"address,omitempty" jsonschema:"pattern=^https?://[^/?#@]+(/[^?#]*)?$" jsonschema_description:"Where users reach it, if the objects in the cluster do not say so."`
	Manual    bool   `json:"manual,omitempty" jsonschema_description:"A run that comes to it ends, and goes on once somebody approves."`
}

// stagesThere are the stages that each environment has, and how they are called there.
var stagesThere = map[string]string{"deploy": "deploy", "production": "verify", "record": "record", "recover": "recover", "rollback": "rollback", "undo": "undo"}

// StageIn is how a stage is called in an environment. One that not each environment has keeps its name, and so does any where production
// is there alone, in no environment.
func StageIn(environment, stage string) string {
	if there := stagesThere[stage]; there != "" && environment != "" {
		return there + "-" + environment
	}
	return stage
}

// Pass are the flags with which a version that was released passes it.
func (e Environment) Pass() string {
	if e.Manual {
		return "--from release --approve " + e.Name
	}
	return "--from release, without --environment and --approve"
}

// EnvironmentNames are in the order in which a version goes through them.
func (a Application) EnvironmentNames() (names []string) {
	for _, e := range a.Environments {
		names = append(names, e.Name)
	}
	return names
}

// checkEnvironments finds environments that cannot be told apart, from each other or from a stage.
func (p positions) checkEnvironments(a Application) error {
	for i, e := range a.Environments {
		where := fmt.Sprintf("/environments/%d/name", i)
		switch {
		case e.Name != "production" && slices.Contains(stageNames, e.Name):
			return p.error(where, "environments: %s: a stage of the pipeline has this name", e.Name)
		case slices.Contains(a.EnvironmentNames()[:i], e.Name):
			return p.error(where, "environments: two are named %s", e.Name)
		}
		if err := a.checkPlace(i); err != nil {
			return p.error(fmt.Sprintf("/environments/%d", i), "environments: %s: %w", e.Name, err)
		}
	}
	if len(a.Environments) > 0 && a.Address.Production != "" {
		return p.error("/address/production", "address.production: each of the environments has its own address: say environments[].address")
	}
	if len(a.Environments) > 0 && p.has("overlays/production") {
		return p.error("/overlays/production", "overlays.production: each of the environments has its own overlay: say environments[].overlay")
	}
	return nil
}

// checkPlace finds a namespace that cannot be an environment's own.
func (a Application) checkPlace(i int) error {
	e, place := a.Environments[i], func(e Environment) string { return cmp.Or(e.Namespace, a.Name+"-"+e.Name) }
	switch own := place(e); {
	case own == "default", OfKubernetes(own):
		return fmt.Errorf("namespace %s is Kubernetes' own", own)
	case strings.HasSuffix(own, "-build"):
		return fmt.Errorf("namespace %s is called as those of betas are: give it another", own)
	}
	for _, other := range a.Environments[:i] {
		if place(other) == place(e) && other.Context == e.Context {
			return fmt.Errorf("namespace %s is that of %s, too: give it another or, in another cluster, each a context", place(e), other.Name)
		}
	}
	return nil
}

// OfKubernetes reports whether a namespace is one of those that are kept for Kubernetes itself
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces).
func OfKubernetes(namespace string) bool {
	return strings.HasPrefix(namespace, "kube-")
}

// checkStepsOf finds steps that are in no environment, or named as a stage of one.
func (p positions) checkStepsOf(a Application) error {
	taken := map[string]string{}
	for _, e := range a.Environments {
		for stage := range stagesThere {
			taken[StageIn(e.Name, stage)] = "a stage of environment " + e.Name
		}
	}
	for i, s := range a.Steps {
		where := fmt.Sprintf("/steps/%d", i)
		for _, name := range s.stagesIn(a.Environments) {
			if other := taken[name]; other != "" {
				return p.error(where+"/name", "steps: %s: %s is called %s, too", s.Name, other, name)
			}
			taken[name] = "step " + s.Name
		}
		if len(s.Environments) > 0 && !s.PerEnvironment() {
			return p.error(where+"/environments", "steps: %s: %s is outside of all environments: leave this out", s.Name, s.At)
		}
		for j, name := range s.Environments {
			if !slices.Contains(a.EnvironmentNames(), name) {
				return p.error(fmt.Sprintf("%s/environments/%d", where, j), "steps: %s: environment %s is not described: there is %s", s.Name, name, cmp.Or(strings.Join(a.EnvironmentNames(), ", "), "none"))
			}
		}
	}
	return nil
}

// stagesIn are the names of the stages that a step is, one for each environment that it runs in.
func (s Step) stagesIn(environments []Environment) (names []string) {
	if !s.PerEnvironment() || len(environments) == 0 {
		return []string{s.Name}
	}
	for _, e := range environments {
		if s.In(e.Name) {
			names = append(names, s.StageIn(e.Name))
		}
	}
	return names
}

// StageIn is how the stage is called that a step is in an environment; in none it has the step's name.
func (s Step) StageIn(environment string) string {
	return strings.TrimSuffix(s.Name+"-"+environment, "-")
}

// PerEnvironment reports whether a step runs once in each environment.
func (s Step) PerEnvironment() bool {
	return s.At == BeforeDeploy || s.At == AfterDeploy || s.At == AfterProduction
}

// As is the step by another name.
func (s Step) As(name string) Step {
	s.Name = name
	return s
}

// In reports whether a step runs in an environment; none has an empty name.
func (s Step) In(environment string) bool {
	return environment == "" || len(s.Environments) == 0 || slices.Contains(s.Environments, environment)
}

// placeEnvironments fills in what is by convention, and puts the application's folder before overlays.
func (a *Application) placeEnvironments(folder string) {
	a.Environments = slices.Clone(a.Environments)
	for i := range a.Environments {
		e := &a.Environments[i]
		e.Namespace = cmp.Or(e.Namespace, a.Name+"-"+e.Name)
		e.Overlay = path.Join(folder, cmp.Or(e.Overlay, "kustomize/overlays/"+e.Name))
	}
}
