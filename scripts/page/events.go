package page

import (
	"slices"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// events are what a tab tells of itself, from a goroutine of the browser's.
type events struct {
	mutex      sync.Mutex
	requests   []string
	complaints []string
}

func (e *events) add(event any) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		e.requests = append(e.requests, event.Request.URL)
	case *log.EventEntryAdded:
		e.complaints = append(e.complaints, event.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		e.complaints = append(e.complaints, "console."+string(event.Type))
	case *runtime.EventExceptionThrown:
		e.complaints = append(e.complaints, event.ExceptionDetails.Text)
	}
}

func (e *events) all() (requests, complaints []string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return slices.Clone(e.requests), slices.Clone(e.complaints)
}
