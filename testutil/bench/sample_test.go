package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAnswersHaveTheirSize(t *testing.T) {
	for _, s := range []sample{thousand, medium, large} {
		body := s.body(3)
		if len(body) != s.size || s.json != json.Valid(body) {
			t.Errorf("%+v: %d bytes, JSON: %v", s, len(body), json.Valid(body))
		}
	}
}

func TestRecordingIsWhatTheFloorAnswers(t *testing.T) {
	s := thousand.of(3)
	w := httptest.NewRecorder()
	s.inMemory().ServeHTTP(w, httptest.NewRequest(http.MethodGet, target(2), nil))
	rec := s.recording(2)
	if w.Body.String() != string(rec.Response.Body.Bytes) || w.Code != rec.Response.Status {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name := range rec.Response.Header {
		if w.Header().Get(name) != rec.Response.Header.Get(name) {
			t.Errorf("%s: %q, recorded %q", name, w.Header().Get(name), rec.Response.Header.Get(name))
		}
	}
}

func TestAStreamBeginsBeforeItEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(slowly))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "data: first\n\ndata: last\n\n" || res.ContentLength >= 0 {
		t.Errorf("%q of declared length %d, %v", body, res.ContentLength, err)
	}
	wait, err := askStream(t.Context(), server.URL)
	if err != nil || wait <= 0 {
		t.Error(wait, err)
	}
}
