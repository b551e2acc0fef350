package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay/explain"
)

// storeProblem is the answer when the store is needed and fails.
func storeProblem(err error) error {
	return &fixtures.Problem{
		Status: http.StatusServiceUnavailable,
		Title:  "store unreachable",
		Detail: err.Error(),
		Hint:   "cannery serves again as soon as the store does",
	}
}

type (
	// A problemJSON is a problem as RFC 9457 has it, with what a miss adds.
	problemJSON struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Hint   string `json:"hint,omitempty"`

		Case        string        `json:"case,omitempty"`
		Nearest     *nearestJSON  `json:"nearest,omitempty"`
		Rule        *explain.Rule `json:"rule,omitempty"` // that would have made it a hit
		Explanation []string      `json:"explanation,omitempty"`
	}
	nearestJSON struct {
		Method  string `json:"method"`
		URL     string `json:"url"`
		Origin  string `json:"origin,omitempty"`
		Session string `json:"session,omitempty"`
		Fixture string `json:"fixture,omitempty"`
	}
)

// describe returns what is told of an error.
func describe(err error) problemJSON {
	var problem *fixtures.Problem
	if !errors.As(err, &problem) {
		problem = &fixtures.Problem{
			Status: http.StatusInternalServerError,
			Title:  "cannery failed",
			Detail: err.Error(),
		}
	}
	out := problemJSON{Type: "about:blank", Title: problem.Title, Status: problem.Status, Detail: problem.Detail, Hint: problem.Hint}
	var miss *explain.Miss
	if !errors.As(err, &miss) {
		return out
	}
	// One element for each line: that is how people can read it as it comes.
	out.Case, out.Rule, out.Explanation = miss.Case, miss.Rule, miss.Lines
	if near := miss.Nearest; near != nil {
		out.Nearest = &nearestJSON{near.Method, secret.CleanTarget(near.Target), near.Origin, near.Session, miss.Fixture}
	}
	return out
}

// writeProblem answers with application/problem+json (RFC 9457), or a status of
// gRPC.
func writeProblem(w *writer, err error) {
	problem := describe(err)
	if isGRPC(w.request) {
		writeStatus(w, problem)
		return
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(problem); err != nil {
		panic(err) // strings and numbers always marshal
	}
	header := w.Header()
	connection, allow, challenge := header["Connection"], header["Allow"], header["Proxy-Authenticate"]
	clear(header)
	if problem.Status == http.StatusProxyAuthRequired {
		header["Proxy-Authenticate"] = challenge
	}
	if connection != nil {
		header["Connection"] = connection
	}
	header["Content-Type"] = []string{"application/problem+json"}
	if problem.Status == http.StatusMethodNotAllowed {
		if allow == nil {
			allow = []string{"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}
		}
		header["Allow"] = allow
	}
	w.page(problem.Status, body.Bytes())
}
