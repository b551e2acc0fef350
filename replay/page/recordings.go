package page

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// recordingsShown is how many requests a page of the list has.
const recordingsShown = 100

// idOf names a key as the commands do, by all digits that tell requests apart.
func idOf(key fixtures.Key) string { return hex.EncodeToString(key[16:]) }

// A recorded is a request that there are takes of.
type recorded struct {
	ID, Short, Link       string
	Method, URL           string
	Origin, Session       string
	Status, Type, Fixture string
	Takes                 int
	Served                int64
	Unused                int // so many of the takes
}

type recordingsBody struct {
	Filter string
	Use    string // "used", "unused", or "" for both
	Rows   []recorded
	Total  int    // of requests
	From   int    // where the first row stands among those that fit, from 1
	Prev   string // links to other pages; "" for none
	Next   string
	Clear  bool // all of it can be removed
	None   bool // this proxy does not know what is recorded

	most int // rows of a page
}

func (p *Page) recordings(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	body := recordingsBody{Filter: query.Get("q"), Use: query.Get("use"), Clear: p.changes.Clear != nil, most: recordingsShown}
	at, _ := strconv.Atoi(query.Get("page"))
	at = max(1, at)
	got, err := p.proxy.Recorded(r.Context())
	switch {
	case err != nil:
		p.refuse(w, http.StatusServiceUnavailable, "read what is recorded: "+err.Error())
		return
	case got == nil:
		body.None = true
	default:
		more, err := body.fill(r.Context(), got, (at-1)*recordingsShown)
		if err != nil {
			p.refuse(w, http.StatusServiceUnavailable, "read what is recorded: "+err.Error())
			return
		}
		if at > 1 {
			body.Prev = link("recordings", "q", body.Filter, "use", body.Use, "page", strconv.Itoa(at-1))
		}
		if more {
			body.Next = link("recordings", "q", body.Filter, "use", body.Use, "page", strconv.Itoa(at+1))
		}
	}
	p.show(w, r, "recordings", "Recordings", body)
}

// fill reads the rows of a page: those that fit, but for the first ones. It reports
// whether there are more.
func (b *recordingsBody) fill(ctx context.Context, got *replay.Recorded, skip int) (more bool, err error) {
	b.Total, b.From = len(got.Lines), skip+1
	words := strings.Fields(strings.ToLower(b.Filter))
	for i := range got.Lines {
		line := &got.Lines[i]
		if !lineHas(line, words) {
			continue
		}
		if b.Use == "" && skip > 0 { // no need to read it
			skip--
			continue
		}
		if len(b.Rows) == b.most {
			return true, nil
		}
		row, err := recordedOf(ctx, got, line)
		if err != nil {
			return false, err
		}
		if row.Takes == 0 || b.Use == "used" && row.Served == 0 || b.Use == "unused" && row.Unused == 0 {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		b.Rows = append(b.Rows, row)
	}
	return false, nil
}

// lineHas reports whether a filter's words are all in what is known of a request.
func lineHas(line *explain.Line, words []string) bool {
	if len(words) == 0 {
		return true
	}
	all := strings.ToLower(strings.Join([]string{line.Method, secret.CleanTarget(line.Target), line.Origin, line.Session, idOf(line.Key)}, " "))
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(all, word) })
}

func recordedOf(ctx context.Context, got *replay.Recorded, line *explain.Line) (recorded, error) {
	id := idOf(line.Key)
	row := recorded{
		ID: id, Short: id[:8], Link: link("recording", "id", id), Method: line.Method, URL: secret.CleanTarget(line.Target),
		Origin: line.Origin, Session: line.Session,
	}
	takes, err := got.Takes(ctx, line)
	if err != nil {
		return row, err
	}
	row.Takes = len(takes)
	if n := len(takes); n > 0 {
		row.URL = secret.CleanRecorded(&takes[n-1].Request, got.View.FingerprintKey())
	}
	for _, rec := range takes {
		n := got.Served(rec)
		row.Served += n
		if n == 0 {
			row.Unused++
		}
		row.Status, row.Type, row.Fixture = strconv.Itoa(rec.Response.Status), rec.Response.Header.Get("Content-Type"), rec.Name
	}
	return row, nil
}

// find returns the takes that a request for a view names by their ID, and the one
// that it wants.
func (p *Page) find(r *http.Request) (got *replay.Recorded, takes []*fixtures.Recording, rec *fixtures.Recording, err error) {
	id := r.FormValue("id")
	got, err = p.proxy.Recorded(r.Context())
	if err != nil || got == nil {
		return got, nil, nil, err
	}
	i := slices.IndexFunc(got.Lines, func(l explain.Line) bool { return idOf(l.Key) == id })
	if i < 0 {
		return got, nil, nil, nil
	}
	if takes, err = got.Takes(r.Context(), &got.Lines[i]); err != nil || len(takes) == 0 {
		return got, nil, nil, err
	}
	rec = takes[0]
	for _, other := range takes {
		if fmt.Sprint(other.Take) == r.FormValue("take") {
			rec = other
		}
	}
	return got, takes, rec, nil
}
