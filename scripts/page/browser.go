// Package page looks at report.html as people do: in a real browser, on a desk and
// on a phone, by day and by night.
package page

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// View is how a page is looked at.
type View struct {
	Width, Height int64
	Dark          bool
	NoScripts     bool // as where a CI vendor shows the page in a frame that runs none
}

// Seen is what a look at a page found.
type Seen struct {
	Requests   []string  // all addresses that were asked for, that of the page too
	Complaints []string  // in the browser's console
	Width      int64     // of what is shown, without scrolling
	Faint      []string  // texts with less contrast than WCAG 2 wants at level AA, and how much they have
	Text       string    // what can be read
	Headings   []Heading // that can be read
}

// Heading is one of the page, and how far below its top it ends.
type Heading struct {
	Text   string
	Bottom float64
}

//go:embed look.js
var look string

// Find returns the program of the browser, "" where there is none.
func Find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Start runs the browser with a folder of its own until the context it returns is
// cancelled.
func Start(ctx context.Context, program string) (context.Context, context.CancelFunc, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0)) // which it refuses to root
	allocated, stop := chromedp.NewExecAllocator(ctx, options...)
	browser, end := chromedp.NewContext(allocated)
	cancel := func() { end(); stop() }
	if err := chromedp.Do(browser); err != nil {
		cancel()
		return nil, nil, err
	}
	return browser, cancel, nil
}

// Look opens a page in a tab of its own and closes it again; then may do more there.
func Look(browser context.Context, url string, view View, then ...chromedp.Action[chromedp.Void]) (Seen, error) {
	tab, closeTab := chromedp.NewContext(browser)
	defer closeTab()
	var heard events
	if err := chromedp.Listen(tab, heard.add); err != nil {
		return Seen{}, err
	}
	scheme := "light"
	if view.Dark {
		scheme = "dark"
	}
	err := chromedp.Do(tab, chromedp.EmulateViewport(view.Width, view.Height),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
		call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: view.NoScripts}),
		chromedp.Navigate(url))
	if err != nil {
		return Seen{}, err
	}
	seen, err := chromedp.Run(tab, chromedp.Evaluate[Seen](look))
	if err == nil {
		err = chromedp.Do(tab, then...)
	}
	seen.Requests, seen.Complaints = heard.all()
	return seen, err
}

func call[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// Picture takes a page from its top to a little below the element that a CSS selector names.
func Picture(view View, until string, scale float64) chromedp.Action[[]byte] {
	return func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		height, err := chromedp.Evaluate[float64](fmt.Sprintf("document.querySelector(%q).getBoundingClientRect().bottom + 16", until))(ctx, target)
		if err != nil {
			return nil, err
		}
		beyond := true
		picture, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Clip: &page.Viewport{Width: float64(view.Width), Height: height, Scale: scale}, CaptureBeyondViewport: &beyond})
		return picture.Data, err
	}
}
