package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	pageForm      = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)".*?</form>`)
	pageInput     = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
	recordingLink = regexp.MustCompile(`/__cannery/page/recording\?[^"]*`)
	pageText      = regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>`)
)

// scriptPress sends the first form of a page whose action ends as it is said, as a
// browser does, and prints what comes, of which the page's text is all that counts.
// A PAGE with @recording behind it stands for the first recording that it links to.
// FIELD=VALUE sets a field; FIELD/OLD/NEW replaces text in one.
func scriptPress(ts *testscript.TestScript, _ bool, args []string) {
	list, isLink := strings.CutSuffix(args[0], "@recording")
	page, err := url.Parse(list)
	ts.Check(err)
	if isLink {
		link := recordingLink.FindString(fetchPage(ts, http.Get, page.String()))
		page, err = page.Parse(html.UnescapeString(link))
		ts.Check(err)
	}
	for _, form := range pageForm.FindAllStringSubmatch(fetchPage(ts, http.Get, page.String()), -1) {
		if !strings.HasSuffix(form[1], "/"+args[1]) {
			continue
		}
		fields := url.Values{}
		for _, in := range append(pageInput.FindAllStringSubmatch(form[0], -1), pageText.FindAllStringSubmatch(form[0], -1)...) {
			fields.Set(in[1], html.UnescapeString(in[2]))
		}
		for _, change := range args[2:] {
			if name, value, found := strings.Cut(change, "="); found {
				fields.Set(name, value)
				continue
			}
			change := strings.Split(change, "/")
			fields.Set(change[0], strings.ReplaceAll(fields.Get(change[0]), change[1], change[2]))
		}
		page.Path, page.RawQuery = form[1], ""
		text := fetchPage(ts, func(to string) (*http.Response, error) { return http.PostForm(to, fields) }, page.String())
		fmt.Fprintln(ts.Stdout(), html.UnescapeString(text))
		return
	}
	ts.Fatalf("%s has no form for %s", args[0], args[1])
}

func fetchPage(ts *testscript.TestScript, ask func(string) (*http.Response, error), at string) string {
	res, err := ask(at)
	ts.Check(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	ts.Check(err)
	return string(text)
}
