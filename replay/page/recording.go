package page

import (
	"net/http"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// A step is a take on the timeline of a request.
type step struct {
	Take     int
	Link     string
	Here     bool
	Status   int
	Recorded time.Time
	Size     int64
	Served   int64
}

type recordingBody struct {
	ID, Short            string
	Take                 int
	Method, URL          string
	Origin, Session      string
	Fixture              string
	Steps                []step
	Request, Response    message
	Status               int
	StatusText           string
	Curl                 string
	Document, Unreadable string // the fixture to edit, and why there is none
	Was                  string // the document's digest

	Pin     bool   // the take can be made the only one
	Again   bool   // it can be recorded again
	Unasked string // why it cannot, where others can; "" for nothing
}

func (p *Page) recording(w http.ResponseWriter, r *http.Request) {
	got, takes, rec, err := p.find(r)
	switch {
	case err != nil:
		p.refuse(w, http.StatusServiceUnavailable, "read the recording: "+err.Error())
		return
	case rec == nil:
		p.refuse(w, http.StatusNotFound, "there is no such recording, or not any more")
		return
	}
	body, err := p.describe(r, got, takes, rec)
	if err != nil {
		p.refuse(w, http.StatusInternalServerError, "show the recording: "+err.Error())
		return
	}
	p.show(w, r, "recording", body.Method+" "+body.URL, body)
}

func (p *Page) describe(r *http.Request, got *replay.Recorded, takes []*fixtures.Recording, rec *fixtures.Recording) (*recordingBody, error) {
	clean, err := cleaned(got.View.Rules, rec)
	if err != nil {
		return nil, err
	}
	id := r.FormValue("id")
	b := &recordingBody{
		ID: id, Short: id[:8], Take: rec.Take, Method: clean.Request.Method, URL: clean.Request.Target,
		Origin: rec.Request.Origin, Session: rec.Request.Session, Fixture: rec.Name,
		Status: rec.Response.Status, StatusText: http.StatusText(rec.Response.Status),
		Curl: curl(baseURL(r, got, rec), &clean.Request),
	}
	for _, take := range takes {
		b.Steps = append(b.Steps, step{
			Take: take.Take, Link: link("recording", "id", id, "take", itoa(take.Take)), Here: take == rec,
			Status: take.Response.Status, Recorded: take.Recorded, Size: take.Response.Body.Size(), Served: got.Served(take),
		})
	}
	clean = got.View.Rules.Readable(clean)
	b.Request = requestMessage(&clean.Request, &rec.Request)
	b.Response = responseMessage(&clean.Response, &rec.Response)
	if rec.Response.Conversation {
		b.Response = conversationOf(got.View.Rules, clean, rec)
	}
	if b.Response.Image {
		b.Response.Source = link("content", "id", id, "take", itoa(rec.Take))
	}
	b.Pin = p.changes.Pin != nil && len(takes) > 1
	if p.changes.Again != nil {
		b.Unasked = unrepeatable(rec)
		b.Again = b.Unasked == ""
	}
	if p.changes.Document != nil && rec.Name != "" {
		if b.Document, err = p.changes.Document(r.Context(), rec); err != nil {
			b.Unreadable = err.Error()
		}
		b.Was = digest(b.Document)
	}
	return b, nil
}

// cleaned returns a recording without its secrets, and without content that is too
// large to be shown.
func cleaned(rules *fixtures.Rules, rec *fixtures.Recording) (*fixtures.Recording, error) {
	cleaner, err := secret.NewCleaner(rules, nil)
	if err != nil {
		return nil, err
	}
	light := *rec
	if len(light.Request.Body) > maxShown {
		light.Request.Body = nil
	}
	if light.Response.Body.Size() > maxShown {
		light.Response.Body, light.Response.Chunks = fixtures.Body{}, nil
	}
	cleaner.Learn(&light)
	return cleaner.Clean(&light), nil
}

// baseURL is the URL at which the origin of a recording is asked here.
func baseURL(r *http.Request, got *replay.Recorded, rec *fixtures.Recording) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := scheme + "://" + r.Host
	first, several := got.View.Rules.First, false
	for i := range got.Lines {
		several = several || got.Lines[i].Origin != rec.Request.Origin
	}
	if several && rec.Request.Origin != first {
		base += replay.OriginPath(rec.Request.Origin)
	}
	return base
}

// curl returns the command that asks for a recording again. What was secret is masked
// in it.
func curl(base string, req *fixtures.Request) string {
	words := []string{"curl"}
	if req.Method != http.MethodGet {
		words = append(words, "-X", req.Method)
	}
	words = append(words, base+req.Target)
	if req.Session != "" {
		words = append(words, "-H", fixtures.SessionField+": "+req.Session)
	}
	for _, f := range fieldsOf(req.Header) {
		switch f.Name {
		case "Accept-Encoding", "Content-Encoding", "Content-Length", "Host", "User-Agent":
		default:
			words = append(words, "-H", f.Name+": "+f.Value)
		}
	}
	for _, f := range credentialsOf(req) {
		words = append(words, "-H", f.Name+": "+f.Value)
	}
	if content, ok := readable(req.Header, fixtures.Body{Bytes: req.Body}); ok && content != "" {
		words = append(words, "--data-raw", content)
	}
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "\x00", "")
	}
	return explain.CommandLine(words...)
}
