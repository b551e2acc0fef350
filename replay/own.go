package replay

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
)

// own answers cannery's own paths. A page that a browser has loaded from
// elsewhere must not get there by a name that resolves to this address (DNS
// rebinding) or by a form: foreign Host and Origin fields are refused.
func (p *Proxy) own(w *writer, r *http.Request, target string) error {
	if !p.ownHost(r.Host) || !p.ownOrigin(r.Header["Origin"]) {
		return &fixtures.Problem{
			Status: http.StatusForbidden,
			Title:  "foreign host",
			Detail: fmt.Sprintf("%s was asked with Host %q and Origin %q", ownPrefix, r.Host, r.Header.Get("Origin")),
			Hint:   "use an address, localhost, or the name given with --host",
		}
	}
	path, _, _ := strings.Cut(target, "?")
	if path != ownPrefix+"health" {
		return &fixtures.Problem{
			Status: http.StatusNotFound,
			Title:  "no such page",
			Detail: fmt.Sprintf("%s is not one of cannery's own paths", path),
			Hint:   "there is " + ownPrefix + "health",
		}
	}
	return p.health(w, r)
}

// health says whether the proxy can answer: 200, or 503 when the store cannot.
func (p *Proxy) health(w *writer, r *http.Request) error {
	answer := struct {
		Status string `json:"status"`
		Mode   string `json:"mode"`
		Origin string `json:"origin"`
		Store  string `json:"store"`
		Hits   int64  `json:"hits"`
		Misses int64  `json:"misses"`
		Bypass int64  `json:"bypasses"`
	}{"ok", p.Mode.String(), p.OriginURL.Redacted(), "ok", p.stats.hits.Load(), p.stats.misses.Load(), p.stats.bypasses.Load()}
	status := http.StatusOK
	if _, err := p.Store.View(r.Context()); err != nil {
		answer.Status, answer.Store, status = "store unreachable", err.Error(), http.StatusServiceUnavailable
	}
	body, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["Cache-Control"] = []string{"no-store"}
	w.own(status, append(body, '\n'))
	return nil
}

// ownHost reports whether a Host names this machine for certain.
func (p *Proxy) ownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil || slices.Contains(p.Hosts, host)
}

func (p *Proxy) ownOrigin(origins []string) bool {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || !p.ownHost(u.Host) {
			return false
		}
	}
	return true
}
