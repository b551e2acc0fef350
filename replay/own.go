package replay

import (
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
	name := strings.TrimPrefix(path, ownPrefix)
	if p.Answers.Page != nil && isPage(path) {
		p.Answers.Page.ServeHTTP(&pageWriter{w}, r)
		return nil
	}
	method, answer := p.page(name)
	switch {
	case answer == nil:
		return noPage("no such page", path+" is not one of cannery's own paths",
			"there are health, status, recordings, journal, metrics, reset and ca.pem below "+ownPrefix)
	case r.Method != method && !(r.Method == http.MethodHead && method == http.MethodGet):
		w.Header()["Allow"] = []string{method}
		return &fixtures.Problem{
			Status: http.StatusMethodNotAllowed,
			Title:  "wrong method",
			Detail: fmt.Sprintf("%s is for %s, not %s", path, method, r.Method),
			Hint:   usage(method, clientBase(r, path)),
		}
	}
	return answer(w, r)
}

// noPage says that one of cannery's own pages is not there, or not at this proxy.
func noPage(title, detail, hint string) error {
	return &fixtures.Problem{Status: http.StatusNotFound, Title: title, Detail: detail, Hint: hint}
}

// usage is what to type to get one of cannery's own pages.
func usage(method, url string) string {
	field := ""
	if method != http.MethodGet {
		field = fmt.Sprintf(" -H '%s: all'", ResetField)
	}
	return fmt.Sprintf("curl -X %s%s %s", method, field, url)
}

// page returns one of cannery's own pages and its method, nil for none. Those
// for GET change nothing.
func (p *Proxy) page(name string) (method string, answer func(*writer, *http.Request) error) {
	switch name {
	case "health":
		return http.MethodGet, p.healthPage
	case "status":
		return http.MethodGet, p.statusPage
	case "recordings":
		return http.MethodGet, p.recordingsPage
	case "journal":
		return http.MethodGet, p.journalPage
	case "metrics":
		return http.MethodGet, p.metricsPage
	case "reset":
		return http.MethodPost, p.resetPage
	case "ca.pem":
		return http.MethodGet, p.authorityPage
	}
	return "", nil
}

// ownHost reports whether a Host names this machine for certain.
func (p *Proxy) ownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil || slices.Contains(p.Answers.Hosts, host)
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
