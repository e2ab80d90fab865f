package report

// failed is the first stage that did not pass and had to, nil where none failed.
func (r Report) failed() *Stage {
	for i, stage := range r.Stages {
		if stage.Result != Passed && stage.Result != Skipped && !stage.Optional {
			return &r.Stages[i]
		}
	}
	return nil
}

// SoFar is the result of a run if nothing else fails.
func (r Report) SoFar() Result {
	if stage := r.failed(); stage != nil {
		return stage.Result
	}
	return Passed
}

// FailedStage is the name of the first stage that did not pass and had to, empty where none failed.
func (r Report) FailedStage() string {
	if stage := r.failed(); stage != nil {
		return stage.Name
	}
	return ""
}
