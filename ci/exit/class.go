package exit

// classes are those of errors, one for each exit code that is a failure's.
var classes = map[int]string{
	Usage:         "configuration",
	Build:         "build",
	Checks:        "checks",
	Functional:    "functional_tests",
	Production:    "production_tests",
	Admission:     "admission",
	Image:         "image",
	Crash:         "crash",
	NeverReady:    "never_ready",
	Unschedulable: "unschedulable",
	NoAddress:     "no_address",
	Unreachable:   "unreachable",
	Timeout:       "timeout",
	Locked:        "locked",
	Undo:          "undo",
	Outside:       "changed_outside",
}

// Class names the class of error that an exit code stands for; empty for one that is no failure's, or of no known class.
func Class(code int) string { return classes[code] }
