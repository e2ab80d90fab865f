package pipeline

// Application describes the application that is deployed. It is the one value that a
// team edits. Folders are relative to the application's repository. Stages of the
// Dockerfile run checks and tests, so that the application can be in any language.
type Application struct {
	Name       string `json:"name"` // of the image and, by default, of the namespaces NAME and NAME-build
	Dockerfile string `json:"dockerfile"`

	CheckTarget string `json:"checkTarget"` // fails to build when static checks fail
	UnitTarget  string `json:"unitTarget"`  // fails to build when unit tests fail
	TestTarget  string `json:"testTarget"`  // image that holds the compiled functional and production tests

	Functional []string `json:"functional"` // command in the test image; gets ADDRESS and VERSION
	Production []string `json:"production"` // likewise, for the light tests of production
	Passed     string   `json:"passed"`     // text in the output of tests that really ran

	Service  string `json:"service"`  // the Service that users reach, as the overlays name it
	Port     int    `json:"port"`     // of that Service
	BetaPath string `json:"betaPath"` // a beta's base path is this, a slash and the run: /beta/RUN
	Health   string `json:"health"`   // below the base path: answers 2xx when the application can be used

	Namespaces string   `json:"namespaces"` // folder with the overlays build and production, which an administrator applies once
	Bootstrap  []string `json:"bootstrap"`  // components added to those overlays
	PerRun     []string `json:"perRun"`     // components added to the beta's overlay
}
