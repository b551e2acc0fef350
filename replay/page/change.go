package page

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// maxForm bounds what a form sends, in bytes.
const maxForm = 16 << 20

// change does what a button says. Only the page itself knows the token.
func (p *Page) change(w http.ResponseWriter, r *http.Request, name string) {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		p.refuse(w, http.StatusForbidden, "another site has asked for a change")
		return
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		p.refuse(w, http.StatusForbidden, "a script has asked for a change")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.refuse(w, http.StatusBadRequest, "read the form: "+err.Error())
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(p.token)) != 1 {
		p.refuse(w, http.StatusForbidden, "the page is of another run of cannery: load it again")
		return
	}
	done, back, err := p.apply(r, name)
	switch {
	case err != nil:
		p.refuse(w, http.StatusConflict, err.Error())
	case back == "":
		p.refuse(w, http.StatusNotFound, "nothing is changed here")
	default:
		http.Redirect(w, r, link(back, "notice", p.notices.add(done)), http.StatusSeeOther)
	}
}

// apply makes a change. Back is the view to go to, "" when there is no such change.
func (p *Page) apply(r *http.Request, name string) (done, back string, err error) {
	switch {
	case name == "reset":
		return p.reset(r)
	case name == "accept" && p.changes.Accept != nil:
		return p.accept(r)
	case name == "edit" && p.changes.Save != nil:
		return p.edit(r)
	case name == "pin" && p.changes.Pin != nil:
		return p.pin(r)
	case name == "again" && p.changes.Again != nil:
		return p.again(r)
	case name == "clear" && p.changes.Clear != nil:
		return p.clear(r)
	}
	return "", "", nil
}

// accept lets what makes a miss not count any more.
func (p *Page) accept(r *http.Request) (done, back string, err error) {
	all, _ := p.proxy.Unmatched()
	id, _ := strconv.Atoi(r.PostForm.Get("miss"))
	if id < 1 || id > len(all) || all[id-1].Rule == nil {
		return "", "", fmt.Errorf("accept the difference of miss %d: there is no rule for it", id)
	}
	m := p.missedOf(&all[id-1], all, nil)
	if err := p.changes.Accept(r.Context(), m.Rule.Ignore, m.Rule.Echo); err != nil {
		return "", "", err
	}
	done = fmt.Sprintf("The rule is written: %s will not count any more. Ask for %s again.", strings.Join(m.Parts, ", "), m.Name())
	if len(m.Settles) > 0 {
		done += " It settles too:\n" + strings.Join(m.Settles, "\n")
		if m.Further > 0 {
			done += fmt.Sprintf("\nand %d more", m.Further)
		}
	}
	return done, "misses", nil
}

// edit writes a fixture, unless somebody else has since its document was shown.
func (p *Page) edit(r *http.Request) (done, back string, err error) {
	_, _, rec, err := p.find(r)
	if err != nil {
		return "", "", err
	}
	if rec == nil {
		return "", "", errors.New("edit the fixture: the recording is not there any more")
	}
	was, err := p.changes.Document(r.Context(), rec)
	if err != nil {
		return "", "", err
	}
	if r.PostForm.Get("was") != digest(was) {
		return "", "", fmt.Errorf("edit %q: it has changed since it was shown; load the recording again", rec.Name)
	}
	// Forms end lines as no fixture does.
	if err := p.changes.Save(r.Context(), rec, strings.ReplaceAll(r.PostForm.Get("document"), "\r\n", "\n")); err != nil {
		return "", "", err
	}
	return "The fixture " + rec.Name + " is written, and served from now on.", "recordings", nil
}

// digest tells whether a document is the one that was shown.
func digest(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

// pin makes a take the only answer.
func (p *Page) pin(r *http.Request) (done, back string, err error) {
	got, takes, rec, err := p.find(r)
	if err != nil {
		return "", "", err
	}
	if rec == nil || itoa(rec.Take) != r.PostForm.Get("take") || itoa(len(takes)) != r.PostForm.Get("of") {
		return "", "", errors.New("pin the take: the takes have changed since they were shown; load the recording again")
	}
	var others []int
	for _, take := range takes {
		if take != rec {
			others = append(others, take.Take)
		}
	}
	if len(others) == 0 {
		return "", "", errors.New("pin the take: there is no other one")
	}
	if err := p.changes.Pin(r.Context(), rec, others); err != nil {
		return "", "", err
	}
	done = fmt.Sprintf("Take %d is the only answer of %s %s now.", rec.Take, rec.Request.Method, secret.CleanRecorded(&rec.Request, got.View.FingerprintKey()))
	return p.confirmed(r, done), "recordings", nil
}

// again records one recording anew.
func (p *Page) again(r *http.Request) (done, back string, err error) {
	got, _, rec, err := p.find(r)
	if err != nil {
		return "", "", err
	}
	if rec == nil || unrepeatable(rec) != "" {
		return "", "", errors.New("record it again: it cannot be asked for from here, or is not there any more")
	}
	if err := p.changes.Again(r.Context(), rec); err != nil {
		return "", "", err
	}
	return rec.Request.Method + " " + secret.CleanRecorded(&rec.Request, got.View.FingerprintKey()) + " is recorded anew.", "recordings", nil
}

// unrepeatable says why a request cannot be sent from here as it was, "" for nothing.
func unrepeatable(rec *fixtures.Recording) string {
	switch {
	case !fixtures.Safe(rec.Request.Method):
		return "it may change something at the origin"
	case rec.Request.WebSocket() || rec.Response.Conversation:
		return "it is a conversation, which its client leads"
	case rec.Request.Credentials != nil:
		return "who asked is not kept"
	case rec.Request.Digest != nil:
		return "its content is not kept"
	}
	return ""
}

// clear removes all that is recorded, when who asks is sure.
func (p *Page) clear(r *http.Request) (done, back string, err error) {
	if r.PostForm.Get("sure") == "" {
		return "", "", errors.New("clear: say that all recordings are to be removed")
	}
	n, err := p.changes.Clear(r.Context())
	if err != nil {
		return "", "", err
	}
	return p.confirmed(r, count(n, "recording is", "recordings are")+" removed."), "recordings", nil
}

// confirmed waits until what was done stays so, and returns what is to be said of both.
func (p *Page) confirmed(r *http.Request, done string) string {
	if p.changes.Confirm == nil {
		return done
	}
	if warning := p.changes.Confirm(r.Context()); warning != "" {
		done += "\nWarning: " + warning
	}
	return done
}

// reset rewinds one session, or all.
func (p *Page) reset(r *http.Request) (done, back string, err error) {
	if r.PostForm.Get("all") != "" {
		p.proxy.Reset()
		return "All sessions begin again with their first takes.", "sessions", nil
	}
	name := r.PostForm.Get("session")
	if name != "" && !fixtures.ValidSession(name) {
		return "", "", fmt.Errorf("reset session %.100q: that is no name of one", name)
	}
	p.proxy.Reset(name)
	if name == "" {
		return "The requests without a session begin again with their first takes.", "sessions", nil
	}
	return "Session " + name + " begins again with its first takes.", "sessions", nil
}
