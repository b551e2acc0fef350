// Package notes is a small API with a state, for the examples to be recorded
// from: log in, create a note, list the notes, poll one until it is ready, and
// delete it.
package notes

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Password is the one that every user has.
const Password = "correct horse battery staple"

// A Note is what the API keeps.
type Note struct {
	ID    int    `json:"id"`
	Text  string `json:"text"`
	State string `json:"state"` // "pending", later "ready"
}

// polls is how often a note is pending before it is ready.
const polls = 2

// An API is the origin. Every login begins with no notes. The zero API is ready
// for use, also concurrently.
type API struct {
	mu     sync.Mutex
	logins map[string]*login // guarded by mu, by token
}

// A login is what one client has made.
type login struct {
	last  int
	notes map[int]*note
}

type note struct {
	Note
	polled int
}

// ServeHTTP answers POST /v1/login, and with its token POST and GET /v1/notes,
// GET and DELETE /v1/notes/ID.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/login", a.login)
	mux.HandleFunc("POST /v1/notes", a.as(create))
	mux.HandleFunc("GET /v1/notes", a.as(list))
	mux.HandleFunc("GET /v1/notes/{id}", a.as(poll))
	mux.HandleFunc("DELETE /v1/notes/{id}", a.as(remove))
	mux.ServeHTTP(w, r)
}

func (a *API) login(w http.ResponseWriter, r *http.Request) {
	var asked struct{ User, Password string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Password != Password {
		fail(w, http.StatusUnauthorized, "wrong user or password")
		return
	}
	token := rand.Text()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.logins == nil {
		a.logins = map[string]*login{}
	}
	a.logins[token] = &login{notes: map[int]*note{}}
	answer(w, http.StatusOK, map[string]string{"token": token})
}

// as has a request answered for the login that it names.
func (a *API) as(handle func(*login, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		l := a.logins[token]
		if l == nil {
			fail(w, http.StatusUnauthorized, "log in first")
			return
		}
		handle(l, w, r)
	}
}

func create(l *login, w http.ResponseWriter, r *http.Request) {
	var asked struct{ Text string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Text == "" {
		fail(w, http.StatusBadRequest, "there is no text")
		return
	}
	l.last++
	n := &note{Note: Note{ID: l.last, Text: asked.Text, State: "pending"}}
	l.notes[n.ID] = n
	w.Header().Set("Location", fmt.Sprintf("/v1/notes/%d", n.ID))
	answer(w, http.StatusCreated, n.Note)
}

func list(l *login, w http.ResponseWriter, _ *http.Request) {
	all := []Note{}
	for _, id := range slices.Sorted(maps.Keys(l.notes)) {
		all = append(all, l.notes[id].Note)
	}
	answer(w, http.StatusOK, all)
}

func poll(l *login, w http.ResponseWriter, r *http.Request) {
	n := l.find(w, r)
	if n == nil {
		return
	}
	if n.polled++; n.polled > polls {
		n.State = "ready"
	}
	answer(w, http.StatusOK, n.Note)
}

func remove(l *login, w http.ResponseWriter, r *http.Request) {
	if n := l.find(w, r); n != nil {
		delete(l.notes, n.ID)
		w.WriteHeader(http.StatusNoContent)
	}
}

// find returns the note that a request is about. Without one it has answered.
func (l *login) find(w http.ResponseWriter, r *http.Request) *note {
	for id, n := range l.notes {
		if fmt.Sprint(id) == r.PathValue("id") {
			return n
		}
	}
	fail(w, http.StatusNotFound, "there is no such note")
	return nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}

func fail(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}
