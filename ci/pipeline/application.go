package pipeline

// Application describes what is shipped. It is the one value that a team edits.
// Folders are below the application's repository; the Dockerfile's targets are
// the contract that any language can fulfil.
type Application struct {
	Name       string // names the image and, unless told otherwise, the namespaces NAME and NAME-build
	Dockerfile string

	CheckTarget string // fails to build when static checks fail
	UnitTarget  string // fails to build when unit tests fail
	TestTarget  string // image that holds the compiled functional and production tests

	Functional []string // command in the test image; gets ADDRESS and VERSION
	Production []string // likewise, for the light tests of production
	Passed     string   // what the output of tests that really ran contains

	Service  string // the Service that users reach, as the overlays name it
	Port     int    // of that Service
	BetaPath string // a beta's base path is this, a slash and the run: /beta/RUN
	Health   string // below the base path: answers 2xx when the application can be used

	Namespaces string   // what an administrator applies once: folders build and production in it
	Bootstrap  []string // components added when those are rendered
	PerRun     []string // components added when a beta is rendered
}
