package acceptance

import (
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
)

// Judged tells in a few words how a beta was judged that is reached so, and has those tests.
func Judged(reached front.Front, suites []description.Suite) string {
	how := "tested"
	if len(suites) == 0 {
		how = "answers"
	}
	switch {
	case reached.Public:
		how += " inside and outside"
	case reached.Service != "":
		how += " inside; it has no address outside"
	case how == "answers":
		return "its objects are ready; it has no Service to ask"
	default:
		how += "; it has no Service"
	}
	if len(suites) == 0 {
		how += ", not tested otherwise"
	}
	return how
}
