package replay

import (
	"encoding/json"
	"errors"
	"net/http"

	"example.com/cannery/fixtures"
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

// writeProblem answers with application/problem+json (RFC 9457).
func writeProblem(w *writer, err error) {
	var problem *fixtures.Problem
	if !errors.As(err, &problem) {
		problem = &fixtures.Problem{
			Status: http.StatusInternalServerError,
			Title:  "cannery failed",
			Detail: err.Error(),
		}
	}
	body, err := json.MarshalIndent(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Hint   string `json:"hint,omitempty"`
	}{"about:blank", problem.Title, problem.Status, problem.Detail, problem.Hint}, "", "  ")
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	header := w.Header()
	connection := header["Connection"]
	clear(header)
	if connection != nil {
		header["Connection"] = connection
	}
	header["Content-Type"] = []string{"application/problem+json"}
	if problem.Status == http.StatusMethodNotAllowed {
		header["Allow"] = []string{"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}
	}
	w.own(problem.Status, append(body, '\n'))
}
