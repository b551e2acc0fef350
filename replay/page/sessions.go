package page

import (
	"net/http"

	"example.com/cannery/replay"
)

type sessionsBody struct {
	Sessions []replay.SessionStatus
}

func (p *Page) sessions(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, "sessions", "Sessions", sessionsBody{p.proxy.Sessions()})
}
