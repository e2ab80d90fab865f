package report

// SoFar is the result of a run if nothing else fails.
func (r Report) SoFar() Result {
	for _, stage := range r.Stages {
		if stage.Result != Passed && stage.Result != Skipped && !stage.Optional {
			return stage.Result
		}
	}
	return Passed
}

// AddressOf is where a stage has found the application, empty where it has not.
func (r Report) AddressOf(stage string) string {
	for _, address := range r.Addresses {
		if address.Stage == stage {
			return address.URL
		}
	}
	return ""
}

// FailedStage is the first stage that did not pass and had to, empty where none failed.
func (r Report) FailedStage() string {
	for _, stage := range r.Stages {
		if stage.Result != Passed && stage.Result != Skipped && !stage.Optional {
			return stage.Name
		}
	}
	return ""
}
