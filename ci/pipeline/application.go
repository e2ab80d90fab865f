package pipeline

// Application describes what is shipped. It is the one value that a team edits.
// Folders are below the application's repository; the Dockerfile's targets are
// the contract that any language can fulfil.
type Application struct {
	Name       string `json:"name"` // names the image and, unless told otherwise, the namespaces NAME and NAME-build
	Dockerfile string `json:"dockerfile"`

	CheckTarget string `json:"checkTarget"` // fails to build when static checks fail
	UnitTarget  string `json:"unitTarget"`  // fails to build when unit tests fail
	TestTarget  string `json:"testTarget"`  // image that holds the compiled functional and production tests

	Functional []string `json:"functional"` // command in the test image; gets ADDRESS and VERSION
	Production []string `json:"production"` // likewise, for the light tests of production
	Passed     string   `json:"passed"`     // what the output of tests that really ran contains

	Service  string `json:"service"`  // the Service that users reach, as the overlays name it
	Port     int    `json:"port"`     // of that Service
	BetaPath string `json:"betaPath"` // a beta's base path is this, a slash and the run: /beta/RUN
	Health   string `json:"health"`   // below the base path: answers 2xx when the application can be used

	Namespaces string   `json:"namespaces"` // what an administrator applies once: folders build and production in it
	Bootstrap  []string `json:"bootstrap"`  // components added when those are rendered
	PerRun     []string `json:"perRun"`     // components added when a beta is rendered
}
