package replay

import (
	"fmt"
	"net/http"
	"strings"

	"example.com/cannery/fixtures"
)

// ResetField is the request field that says which sessions to rewind: "all", or
// "session=NAME", where no NAME stands for the requests without a session. It
// is a field of our own because no page from elsewhere can send one.
const ResetField = "X-Cannery-Reset"

// resetPage rewinds one session or all.
func (p *Proxy) resetPage(w *writer, r *http.Request) error {
	what := strings.Join(r.Header[ResetField], ", ")
	name, named := strings.CutPrefix(what, "session=")
	switch {
	case what == "all":
		p.Reset()
	case named && (name == "" || fixtures.ValidSession(name)):
		p.Reset(name)
	default:
		return &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "nothing to reset",
			Detail: fmt.Sprintf("%s is %q, and neither all nor session=NAME", ResetField, what),
			Hint:   usage(http.MethodPost, clientBase(r, ownPrefix+"reset")),
		}
	}
	return w.ownJSON(http.StatusOK, struct {
		Reset string `json:"reset"`
	}{what})
}
