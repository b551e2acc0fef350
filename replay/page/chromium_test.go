package page_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	pages "example.com/cannery/replay/page"
	"example.com/cannery/testutil/program"
	"example.com/cannery/testutil/storetest"
)

// A browser is a real one. What it complains of are exceptions, dialogs, and what the
// page's policy has refused.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // guarded by mu
}

// openBrowser opens a window of Chromium, or skips the test where there is none.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := program.Need(t, "the page in a browser", program.Chromium...)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which root cannot have
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.run(cdplog.Enable())
	return b
}

func (b *browser) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.complain("exception: " + e.ExceptionDetails.Error())
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.LevelError {
			b.complain(e.Entry.Text + " " + e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.complain("dialog: " + e.Message)
	}
}

func (b *browser) complain(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, what)
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what a script comes to, as text.
func (b *browser) eval(script string) (text string) {
	b.t.Helper()
	b.run(chromedp.Evaluate(fmt.Sprintf("String(%s)", script), &text))
	return text
}

// wait waits until a script is true.
func (b *browser) wait(script string) {
	b.t.Helper()
	b.run(chromedp.Poll(script, nil, chromedp.WithPollingTimeout(30*time.Second)))
}

// wantQuiet fails for what the browser has complained of.
func (b *browser) wantQuiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, what := range b.complaints {
		b.t.Errorf("the browser says: %s", what)
	}
}

func TestBrowserShowsRequestsAsTheyCome(t *testing.T) {
	w := openBrowser(t)
	b := setUp(t, nil, get("/a", "a"))
	b.get(t, "/a?first=1")
	w.run(chromedp.Navigate(b.URL+"/__cannery/"), chromedp.WaitVisible("#live"))
	b.get(t, "/a")
	b.get(t, "/<b>second</b>")
	w.wait(`document.querySelectorAll("#rows tbody tr").length === 3`)
	if got := w.eval(`document.querySelector("#rows tbody tr").textContent`); !strings.Contains(got, "second") {
		t.Errorf("the first row is %q", got)
	}
	w.run(chromedp.SendKeys("#q", "hit"))
	w.wait(`document.querySelectorAll("#rows tbody tr:not([hidden])").length === 1`)
	if got := w.eval(`document.getElementById("shown").textContent`); got != "1 of 3 shown" {
		t.Errorf("the filter says %q", got)
	}
	b.get(t, "/miss")
	b.get(t, "/a")
	w.wait(`document.querySelectorAll("#rows tbody tr").length === 5 && document.querySelectorAll("#rows tbody tr:not([hidden])").length === 2`)
	w.run(chromedp.Click("#hold"))
	b.get(t, "/a?held=1")
	w.run(chromedp.Click("#hold"))
	w.wait(`document.querySelectorAll("#rows tbody tr").length === 6`)
	w.wantQuiet()
}

func TestBrowserRunsNoHostileScript(t *testing.T) {
	w := openBrowser(t)
	b := setUp(t, nil, hostileFixture())
	id := b.id(t)
	b.do(t, "POST", "/a?b=1", hostile, "X-A", hostile[:20])
	for _, target := range []string{"/__cannery/", "/__cannery/page/misses", "/__cannery/page/recordings", "/__cannery/page/recording?id=" + id, "/__cannery/page/sessions"} {
		w.run(chromedp.Navigate(b.URL + target))
		if target == "/__cannery/" {
			w.run(chromedp.WaitVisible("#live"))
			b.do(t, "POST", "/a?b="+strings.NewReplacer(" ", "%20", "\u202e", "").Replace(hostile), hostile+"2")
			w.wait(`document.querySelectorAll("#rows tbody tr").length === 2`)
		}
		if got := w.eval("typeof pwned") + w.eval("document.images.length"); got != "undefined0" {
			t.Errorf("%s: pwned, images: %s", target, got)
		}
	}
	w.wantQuiet()
}

// TestBrowserKeepsThePageFromOrigins: what an origin has answered stands at the same
// address, and may do there what it likes.
func TestBrowserKeepsThePageFromOrigins(t *testing.T) {
	evil := get("/evil", `<!doctype html><title>wait</title><script>
const views = ["/__cannery/", "/__cannery/page/sessions"];
(async () => {
  let got = "";
  for (const view of views) got += await (await fetch(view)).text();
  const frame = document.createElement("iframe");
  frame.src = views[1];
  await new Promise((done) => { frame.onload = done; document.body.append(frame); });
  try { got += frame.contentDocument.documentElement.innerHTML; } catch {}
  document.title = /name="token"/.test(got) ? "stolen" : "nothing";
})();
</script><body>`)
	evil.Answer["Content-Type"] = []string{"text/html"}
	w := openBrowser(t)
	b := setUp(t, nil, evil)
	w.run(chromedp.Navigate(b.URL + "/evil"))
	w.wait(`document.title !== "wait"`)
	if got := w.eval("document.title"); got != "nothing" {
		t.Errorf("the token is %s", got)
	}
	w.run(chromedp.Navigate(b.URL + "/__cannery/page/sessions"))
	if got := w.eval(`document.querySelectorAll("[name=token]").length > 0`); got != "true" {
		t.Error("who opens the page has no token")
	}
}

func TestBrowserIsUsedByKeyboardAndReader(t *testing.T) {
	w := openBrowser(t)
	b := setUp(t, nil, get("/a?b=1", "a"))
	b.get(t, "/a?b=2")
	b.get(t, "/a?b=1")
	for _, target := range []string{"/__cannery/", "/__cannery/page/misses", "/__cannery/page/recordings", "/__cannery/page/recording?id=" + b.id(t), "/__cannery/page/sessions"} {
		w.run(chromedp.Navigate(b.URL+target), chromedp.KeyEvent(kb.Tab))
		if got := w.eval("document.activeElement.className"); got != "skip" {
			t.Errorf("%s: the first Tab is at %q", target, got)
		}
		w.run(chromedp.KeyEvent(kb.Enter))
		w.wait(`document.activeElement.id === "main"`)
		w.run(chromedp.ActionFunc(func(ctx context.Context) error {
			tree, err := accessibility.GetFullAXTree().Do(ctx)
			for _, node := range tree {
				if node.Ignored || node.Role == nil || node.Name == nil {
					continue
				}
				switch role := strings.Trim(string(node.Role.Value), `"`); role {
				case "button", "link", "searchbox", "textbox", "combobox", "heading", "navigation", "article", "image":
					if name := strings.Trim(string(node.Name.Value), `"`); name == "" {
						t.Errorf("%s: a %s has no name", target, role)
					}
				}
			}
			return err
		}))
	}
	w.wantQuiet()
}

func TestBrowserReadsInLightDarkAndWithoutScript(t *testing.T) {
	w := openBrowser(t)
	b := setUp(t, nil, get("/a", "a"))
	b.get(t, "/a?b=2")
	for scheme, want := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"} {
		w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}), chromedp.Navigate(b.URL+"/__cannery/"))
		if got := w.eval("getComputedStyle(document.body).backgroundColor"); got != want {
			t.Errorf("%s: the background is %s", scheme, got)
		}
	}
	var text string
	w.run(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(b.URL+"/__cannery/page/misses"), chromedp.Text("main", &text))
	if !strings.Contains(text, "/a?b=2") || !strings.Contains(text, "Nearest recording") {
		t.Errorf("without script the page says %q", text)
	}
	w.wantQuiet()
}

// TestBrowserShows100000Recordings: what is shown is bounded, and so is the wait.
func TestBrowserShows100000Recordings(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds to make them")
	}
	w := openBrowser(t)
	store := storetest.OpenLocal(t, t.TempDir(), 16<<20)
	if _, err := store.Import(t.Context(), fixtures.Rules{}, many(100_000), false); err != nil {
		t.Fatal(err)
	}
	b := &bench{proxy: &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}}
	b.serve(t, nil)
	for _, c := range []struct{ query, want string }{
		{"", "100"}, {"?page=1000", "100"}, {"?page=1001", "0"}, {"?q=item/77777", "1"}, {"?q=nothing-of-all", "0"}, {"?use=unused&page=900", "100"}, {"?use=used", "0"},
	} {
		began := time.Now()
		w.run(chromedp.Navigate(b.URL + "/__cannery/page/recordings" + c.query))
		if got := w.eval(`document.querySelectorAll("#recorded tbody tr").length`); got != c.want {
			t.Errorf("%q has %s rows, want %s", c.query, got, c.want)
		}
		took := time.Since(began)
		t.Logf("%q took %v", c.query, took)
		if took > 20*time.Second {
			t.Errorf("%q took %v", c.query, took)
		}
	}
	w.wantQuiet()
}

func many(n int) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for i := range n {
			rec := &fixtures.Recording{Take: 1, Recorded: time.Now(), Clock: uint64(i + 1)}
			rec.Request = fixtures.Request{Origin: "http://origin.test", Method: "GET", Target: fmt.Sprintf("/item/%d", i)}
			rec.Response = fixtures.Response{Status: 200, Body: fixtures.Body{Bytes: fmt.Appendf(nil, "item %d", i)}}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// TestBrowserPressesButtons: forms as a browser sends them.
func TestBrowserPressesButtons(t *testing.T) {
	w := openBrowser(t)
	can := func(b *bench) pages.Changes {
		return pages.Changes{
			Accept: func(ctx context.Context, ignore, echo []string) error {
				return b.files.SetRules(ctx, fixtures.Rules{Ignore: ignore, Echo: echo})
			},
			Document: func(_ context.Context, rec *fixtures.Recording) (string, error) {
				doc, err := b.files.Document(rec.Name)
				return string(doc), err
			},
			Save: func(ctx context.Context, rec *fixtures.Recording, document string) error {
				return b.files.Edit(ctx, rec.Name, []byte(document))
			},
		}
	}
	b := setUp(t, can, get("/a?x=1", "</textarea><script>pwned=1</script>"))
	b.get(t, "/a?x=2")
	w.run(chromedp.Navigate(b.URL+"/__cannery/page/misses"), chromedp.Click(".miss button"), chromedp.WaitVisible(".notice"), chromedp.WaitVisible(".settled"))
	if a := b.get(t, "/a?x=2"); a.status != 200 {
		t.Errorf("an accepted difference is answered with %d", a.status)
	}
	w.run(chromedp.Navigate(b.URL+"/__cannery/page/recording?id="+b.id(t)), chromedp.WaitVisible("#document"))
	w.eval(`document.getElementById("document").value = document.getElementById("document").value.replace("pwned=1", "pwned=2")`)
	w.run(chromedp.Submit("#document"), chromedp.WaitVisible(".notice"))
	if a := b.get(t, "/a?x=1"); !strings.Contains(a.body, "pwned=2") {
		t.Errorf("an edited fixture is served as %q", a.body)
	}
	w.run(chromedp.Navigate(b.URL+"/__cannery/page/sessions"), chromedp.Click("main button"), chromedp.WaitVisible(".notice"))
	if got := w.eval("typeof pwned"); got != "undefined" {
		t.Error("a script ran")
	}
	w.wantQuiet()
}

// TestBrowserReadsAReport: it is one file, that lies anywhere.
func TestBrowserReadsAReport(t *testing.T) {
	w := openBrowser(t)
	b := setUp(t, nil, hostileFixture(), get("/a?x=1", "a"))
	b.get(t, "/a?x=1")
	b.get(t, "/a?x=2")
	b.do(t, "POST", "/a?b=1", hostile)
	report, err := pages.NewReport(t.Context(), b.proxy)
	if err != nil {
		t.Fatal(err)
	}
	told, err := b.proxy.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.Write(&out, pages.Run{Command: hostile, ExitCode: 3, Report: told}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run(chromedp.Navigate("file://"+file), chromedp.SendKeys("#q", "HIT"))
	w.wait(`document.querySelectorAll("#rows tbody tr:not([hidden])").length === 1`)
	if got := w.eval("typeof pwned") + w.eval("document.images.length"); got != "undefined0" {
		t.Errorf("pwned, images: %s", got)
	}
	if got := w.eval(`getComputedStyle(document.querySelector("header")).display`); got != "flex" {
		t.Errorf("the style is not in force: %s", got)
	}
	w.wantQuiet()
}
