package page_test

import (
	"context"
	"flag"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/page"
)

var (
	update   = flag.Bool("update", false, "take the README's picture anew")
	pictures = flag.String("pictures", "", "a folder for pictures of all pages in all views")
)

// shown are pages that ci/report wrote, which its own tests hold to be what it
// writes today, and what a reader must be able to read there.
var shown = map[string][]string{
	"passing": {"go-demo · main · 5e0c1b7d · ada", "1.4.0 passed", "in production at http://demo.example.com/demo", "Timeline", "build", "functional", "release", "deploy", "production", "cleanup",
		"StatefulSet postgres-17-1", "What changed in production: 3 of 17 objects", "ConfigMap settings", "Addresses used", "Tests of the application", "sha256:9f2c5a1d7be04f3c6a8d21e57b90cc43f1a6e2d8850b7c9e4d13f6a2b5c8e071"},
	"failing": {"1.4.0 failed", "exit code 32", "deploy failed", "Deployment go-demo/api: container api crashes again and again, with exit code 1 (Error)",
		"What shows it", `log: DRAIN_DELAY: "ten seconds" is no duration`, "What to try", "kubectl -n go-demo logs deployment/api --previous", "Production was put back as it was", "production verified back on 1.3.9", "watched 2 objects, 1 not ready"},
	"hostile":     {"Production could not be put back", `"<script>alert(1)</script>" is no duration`, "a ` alone, and <b>", "expected: <p>", "1 failed"},
	"history":     {"What became of each deploy", "Delivery, by month", "Deployment frequency", "40, 1.7 a day", "Lead time for changes", "Change failure rate", "Recovery time", "rolled back", "<i>grace</i>", "exit code 32: Deployment go-demo/api: container api crashes again and again", "put back by run 15"},
	"interrupted": {"1.4.0 interrupted", "exit code 130", "stopped by interrupt"},
	"nothing":     {"Timeline", "Run"},
}

var views = map[string]page.View{
	"desk":                    {Width: 1280, Height: 800},
	"desk, dark":              {Width: 1280, Height: 800, Dark: true},
	"phone":                   {Width: 390, Height: 844},
	"phone, dark":             {Width: 390, Height: 844, Dark: true},
	"narrow":                  {Width: 320, Height: 568},
	"desk without JavaScript": {Width: 1280, Height: 800, NoScripts: true},
}

func golden(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "ci", "report", "testdata", name+"-report.html"))
	require.NoError(t, err)
	return path
}

// browser is one for all tests, nil where there is none.
var browser context.Context

func TestMain(m *testing.M) {
	flag.Parse()
	stop := func() {}
	if program := page.Find(); program == "" {
		fmt.Println("no browser: install chromium for the page to be looked at")
	} else {
		var err error
		if browser, stop, err = page.Start(context.Background(), program); err != nil {
			fmt.Fprintln(os.Stderr, program+":", err)
			os.Exit(1)
		}
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// look opens a page. A laptop may lack the browser; what guards the project may not.
func look(t *testing.T, url string, view page.View, then ...chromedp.Action[chromedp.Void]) page.Seen {
	t.Helper()
	if browser == nil && os.Getenv("CI") == "" {
		t.Skip("no browser")
	}
	require.NotNil(t, browser, "no browser")
	seen, err := page.Look(browser, url, view, then...)
	require.NoError(t, err)
	return seen
}

func TestThePageIsReadableEverywhere(t *testing.T) {
	t.Parallel()
	for name, facts := range shown {
		for how, view := range views {
			t.Run(name+" on "+how, func(t *testing.T) {
				url := "file://" + golden(t, name)
				seen := look(t, url, view)
				if *pictures != "" {
					take(t, url, view, "main", 1, filepath.Join(*pictures, name+", "+how+".png"))
				}
				require.Equal(t, []string{url}, seen.Requests)
				require.Empty(t, seen.Complaints)
				require.LessOrEqual(t, seen.Width, view.Width)
				require.Empty(t, seen.Faint)
				for _, fact := range facts {
					require.Contains(t, seen.Text, fact)
				}
			})
		}
	}
}

func take(t *testing.T, url string, view page.View, until string, scale float64, path string) {
	t.Helper()
	var picture []byte
	look(t, url, view, into(&picture, page.Picture(view, until, scale)))
	require.NoError(t, os.WriteFile(path, picture, 0o644))
}

// The README shows the page of the failed run as it looked when somebody last took
// the picture: another browser or font would make it another.
func TestTheREADMEsPictureIsSmall(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", ".github", "report.png")
	if *update {
		view := page.View{Width: 1024, Height: 1024}
		take(t, "file://"+golden(t, "failing"), view, "section:has(.rows)", 1.25, path)
	}
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	info, err := file.Stat()
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(200<<10))
	shown, err := png.DecodeConfig(file)
	require.NoError(t, err)
	require.Equal(t, 1280, shown.Width)
}

func TestTheCauseIsOnTheFirstScreenOfAPhone(t *testing.T) {
	t.Parallel()
	seen := look(t, "file://"+golden(t, "failing"), views["phone"])
	require.Contains(t, seen.Headings[0].Text, "1.4.0 failed")
	require.Contains(t, seen.Headings[1].Text, "crashes again and again")
	require.Contains(t, seen.Headings[2].Text, "Production was put back")
	require.Less(t, seen.Headings[2].Bottom, float64(views["phone"].Height))
}

func TestObjectsFoldWithoutJavaScript(t *testing.T) {
	t.Parallel()
	open := chromedp.Evaluate[bool](`document.querySelector('details').open`)
	var before, after bool
	look(t, "file://"+golden(t, "failing"), views["desk without JavaScript"],
		into(&before, open), chromedp.Click(chromedp.CSS("summary")), into(&after, open))
	require.True(t, before)
	require.False(t, after)
}

// into runs an action and keeps what it returns.
func into[T any](out *T, action chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) (err error) {
		*out, err = action(ctx, target)
		return err
	})
}

// What a page quotes may hold what its escaping overlooks; even then it asks for
// nothing and runs nothing.
func TestThePageForbidsItselfTheNetwork(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	inject := fmt.Sprintf(`<img src="%s"><script src="%[1]s"></script><script>document.title = 'run'</script></main>`, server.URL)
	var title string
	look(t, broken(t, "</main>", inject), views["desk"], into(&title, chromedp.Title()))
	require.Zero(t, asked.Load())
	require.NotEqual(t, "run", title)
}

// broken writes the page of the failed run with one thing made worse.
func broken(t *testing.T, replace ...string) (url string) {
	t.Helper()
	content, err := os.ReadFile(golden(t, "failing"))
	require.NoError(t, err)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, string(content), replace[i])
	}
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(replace...).Replace(string(content))), 0o600))
	return "file://" + path
}

func TestALookSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		replace []string
		sees    func(page.Seen) bool
	}{
		"a request":        {[]string{`http-equiv="Content-Security-Policy"`, "", "</main>", `<img src="missing.png"></main>`}, func(seen page.Seen) bool { return len(seen.Requests) == 2 }},
		"an error":         {[]string{`http-equiv="Content-Security-Policy"`, "", "</main>", `<script>none()</script></main>`}, func(seen page.Seen) bool { return len(seen.Complaints) == 1 }},
		"too wide a text":  {[]string{"</main>", `<p style="width:500px">wide</p></main>`}, func(seen page.Seen) bool { return seen.Width > 390 }},
		"too faint a text": {[]string{"--soft:#5b6675", "--soft:#8b96a5"}, func(seen page.Seen) bool { return len(seen.Faint) > 0 }},
		"a hidden heading": {[]string{"h2{", "h2{display:none;"}, func(seen page.Seen) bool { return len(seen.Headings) == 1 && !strings.Contains(seen.Text, "Timeline") }},
	} {
		t.Run(name, func(t *testing.T) {
			seen := look(t, broken(t, test.replace...), views["phone"])
			require.True(t, test.sees(seen), "%+v", seen)
		})
	}
}
