package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"example.com/cannery/replay"
)

//go:embed assets
var assets embed.FS

var (
	style  = mustRead("style.css")
	script = mustRead("script.js")
	icon   = mustRead("icon.svg")

	templates = template.Must(template.New("").Funcs(template.FuncMap{
		"text":    printable,
		"lines":   printableLines,
		"clock":   clockText,
		"when":    whenText,
		"size":    sizeText,
		"ms":      millis,
		"machine": machineTime,
		"count":   count,
		"marked":  marked,
		"within":  func(v view, m missed) missView { return missView{m, v} },
	}).ParseFS(assets, "assets/*.html"))
)

func mustRead(name string) []byte {
	content, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return content
}

// A view is what one page shows.
type view struct {
	Title  string
	Here   string // the view's name; "" for none of the list
	Root   string // the path that all views are below
	Token  string // "" where nothing can be changed
	Mode   string
	Stats  replay.Stats
	Missed int64
	Notice string // what has just been done; "" for nothing
	Body   any    // what the view's own template shows
	Static *static
}

// Static is what makes a page that stands alone. Nil: it belongs to a proxy.
type static struct {
	Style  template.CSS
	Script template.JS
	Policy string
}

// show answers with a view.
func (p *Page) show(w http.ResponseWriter, r *http.Request, name, title string, body any) {
	p.write(w, http.StatusOK, name, view{Title: title, Here: name, Token: p.token, Notice: p.notices.get(r.URL.Query().Get("notice")), Body: body})
}

func (p *Page) write(w http.ResponseWriter, status int, name string, v view) {
	v.Root, v.Mode, v.Stats = replay.PagePath, p.proxy.Mode(), p.proxy.Stats()
	_, v.Missed = p.proxy.Unmatched()
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name+".html", v); err != nil {
		http.Error(w, "show the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// link returns the address of a view with a query of pairs.
func link(name string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return replay.PagePath + name
	}
	return replay.PagePath + name + "?" + query.Encode()
}

// printable replaces what would make text look like another one: marks that turn its
// direction among them.
func printable(text string) string { return strings.Map(visible, text) }

func printableLines(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r == '\r' {
			return -1
		}
		return visible(r)
	}, text)
}

func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

func clockText(t time.Time) string { return t.Local().Format("15:04:05.000") }

// whenText spells a time, "-" for none: a fixture that was written by hand need not
// have one.
func whenText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func sizeText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// count returns a number, of whatever type, with its noun.
func count(n any, one, many string) string {
	text := fmt.Sprint(n)
	if text == "1" {
		return text + " " + one
	}
	return text + " " + many
}

// A missView is a miss among others, and the view that it is in.
type missView struct {
	Miss missed
	View view // whose template this one is in
}

// A cut is a text of which the middle differs from another one.
type cut struct{ Before, Differs, After string }

// marked cuts a text to what it has in common with another at its ends, and the rest.
func marked(text string, before, after int) cut {
	r := []rune(text)
	before = min(before, len(r))
	after = min(after, len(r)-before)
	return cut{string(r[:before]), string(r[before : len(r)-after]), string(r[len(r)-after:])}
}
