package function

import (
	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
)

// Known is what arguments refer to.
type Known interface {
	// Text is the value of a variable; empty: it is not known, or there is none.
	Text(variable string) string
	// Folder is that of $(SOURCE) or $(REPORT).
	Folder(variable string) *dagger.Directory
	// Image is a published image.
	Image(reference string) *dagger.Container
	// Service is what a container reaches the host of $(ADDRESS) by, where it needs something.
	Service() (service *dagger.Service, needed bool)
	// Secret is one by its reference.
	Secret(reference description.Secret) *dagger.Secret
}

// anything stands for what is known, as long as nothing is called: arguments are only checked.
type anything struct{}

func (anything) Text(variable string) string              { return variable }
func (anything) Folder(string) *dagger.Directory          { return nil }
func (anything) Image(string) *dagger.Container           { return nil }
func (anything) Service() (*dagger.Service, bool)         { return nil, true }
func (anything) Secret(description.Secret) *dagger.Secret { return nil }
